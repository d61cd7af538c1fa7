"""A program that takes the place of the Secret Service and knows the transfer in the clear alone: no real one is so.

It prints what it was asked for.
"""

from jeepney import DBusAddress, HeaderFields, MessageType, new_error, new_method_call, new_method_return
from jeepney.io.blocking import open_dbus_connection

BUS = DBusAddress("/org/freedesktop/DBus", "org.freedesktop.DBus", "org.freedesktop.DBus")

if __name__ == "__main__":
    bus = open_dbus_connection()
    bus.send_and_get_reply(new_method_call(BUS, "RequestName", "su", ("org.freedesktop.secrets", 0)))
    print("plain", flush=True)
    while message := bus.receive():
        if message.header.message_type is not MessageType.method_call:
            continue
        asked = message.header.fields[HeaderFields.member]
        print(asked, flush=True)
        if asked == "OpenSession" and message.body[0] == "plain":
            bus.send(new_method_return(message, "vo", (("s", ""), "/org/freedesktop/secrets/session/1")))
        else:
            bus.send(new_error(message, "org.freedesktop.DBus.Error.NotSupported"))
