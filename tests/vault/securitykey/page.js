// A second implementation of a slot (docs/specs/vault-format.md), by WebCrypto alone: from the PRF to the vault key.

const bytes = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
const hex = (buffer) => Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, "0")).join("");
const text = (string) => new TextEncoder().encode(string);
const number = (value, size) => bytes(value.toString(16).padStart(2 * size, "0"));
const joined = (...parts) => new Uint8Array(parts.flatMap((part) => Array.from(new Uint8Array(part))));
const framed = (...parts) => joined(...parts.flatMap((part) => [number(part.byteLength, 4), part]));

// What a page asks a security key for.

window.create = async (salt) => {
  const made = await navigator.credentials.create({
    publicKey: {
      rp: { id: "localhost", name: "localhost" },
      user: { id: bytes("00"), name: "localhost", displayName: "localhost" },
      challenge: crypto.getRandomValues(new Uint8Array(32)),
      pubKeyCredParams: [{ type: "public-key", alg: -7 }],
      authenticatorSelection: { residentKey: "discouraged", userVerification: "required" },
      extensions: { prf: { eval: { first: bytes(salt) } } },
    },
  });
  return { credential: hex(made.rawId), enabled: made.getClientExtensionResults().prf?.enabled ?? false };
};

window.evaluate = async (credential, salt) => {
  const answer = await navigator.credentials.get({
    publicKey: {
      rpId: "localhost",
      challenge: crypto.getRandomValues(new Uint8Array(32)),
      allowCredentials: [{ type: "public-key", id: bytes(credential) }],
      userVerification: "required",
      extensions: { prf: { eval: { first: bytes(salt) } } },
    },
  });
  return hex(answer.getClientExtensionResults().prf.results.first);
};

// "Slots": the key pair of a secret, and the guard that is sealed under it.

const derived = async (vault, slot, secret, label) => {
  const key = await crypto.subtle.importKey("raw", bytes(secret), "HKDF", false, ["deriveBits"]);
  const info = joined(text(label), bytes(slot));
  return crypto.subtle.deriveBits({ name: "HKDF", hash: "SHA-256", salt: bytes(vault), info }, key, 256);
};

const guardOf = async (vault, slot, secret, info) => {
  const raw = await derived(vault, slot.id, secret, "ecrin slot 1 guard");
  const key = await crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["decrypt"]);
  const [iv, sealed] = [bytes(slot.guard).slice(0, 12), bytes(slot.guard).slice(12)];
  return crypto.subtle.decrypt({ name: "AES-GCM", iv, additionalData: info }, key, sealed);
};

window.pair = async (vault, slot, secret) => {
  const scalar = await derived(vault, slot, secret, "ecrin slot 1");
  const pkcs8 = joined(bytes("302e020100300506032b656e04220420"), scalar);
  const pair = await crypto.subtle.importKey("pkcs8", pkcs8, "X25519", true, ["deriveBits"]);
  const jwk = await crypto.subtle.exportKey("jwk", pair);
  const spelled = jwk.x.replaceAll("-", "+").replaceAll("_", "/");
  return { private: hex(scalar), public: hex(Uint8Array.from(atob(spelled), (letter) => letter.charCodeAt(0))) };
};

// HPKE, base mode (RFC 9180 §4 and §5.1): DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM.

const NONE = new Uint8Array();
const KEM = joined(text("KEM"), bytes("0020"));
const SUITE = joined(text("HPKE"), bytes("002000010002"));

const mac = async (key, ...parts) => {
  const raw = key.byteLength ? key : new Uint8Array(32); // HMAC pads with zeros, and WebCrypto takes no empty key
  const hmac = await crypto.subtle.importKey("raw", raw, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return crypto.subtle.sign("HMAC", hmac, joined(...parts));
};
const extract = (suite, salt, label, secret) => mac(salt, text("HPKE-v1"), suite, text(label), secret);
const expand = async (suite, key, label, info, size) =>
  (await mac(key, number(size, 2), text("HPKE-v1"), suite, text(label), info, bytes("01"))).slice(0, size);

const opened = async (secret, own, info, sealed) => {
  const [enc, ciphertext] = [sealed.slice(0, 32), sealed.slice(32)];
  const pkcs8 = joined(bytes("302e020100300506032b656e04220420"), secret);
  const pair = await crypto.subtle.importKey("pkcs8", pkcs8, "X25519", false, ["deriveBits"]);
  const peer = await crypto.subtle.importKey("raw", enc, "X25519", false, []);
  const dh = await crypto.subtle.deriveBits({ name: "X25519", public: peer }, pair, 256);
  const eae = await extract(KEM, NONE, "eae_prk", dh);
  const shared = await expand(KEM, eae, "shared_secret", joined(enc, own), 32);
  const hashes = [await extract(SUITE, NONE, "psk_id_hash", NONE), await extract(SUITE, NONE, "info_hash", info)];
  const context = joined(bytes("00"), ...hashes);
  const prk = await extract(SUITE, shared, "secret", NONE);
  const raw = await expand(SUITE, prk, "key", context, 32);
  const iv = await expand(SUITE, prk, "base_nonce", context, 12);
  const key = await crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["decrypt"]);
  return crypto.subtle.decrypt({ name: "AES-GCM", iv }, key, ciphertext);
};

window.unwrap = async (vault, slot, secret) => {
  const own = await pair(vault, slot.id, secret);
  const parts = framed(bytes(slot.id), text(slot.kind), text(slot.params), bytes(own.public));
  const info = joined(text("ecrin vault 1 slot"), bytes(vault), parts);
  const plain = hex(await opened(bytes(own.private), bytes(own.public), info, bytes(slot.wrapped)));
  const guard = hex(await guardOf(vault, slot, secret, info));
  return { epoch: parseInt(plain.slice(0, 8), 16), vault_key: plain.slice(8), guard };
};
