// What @capgo/electron-updater needs of Electron, without windows: an app that keeps its data where it is told.
'use strict';
const { EventEmitter } = require('node:events');

class App extends EventEmitter {
  paths = {};
  version = '1.0.0';
  isPackaged = true;

  getPath = (name) => this.paths[name];
  setPath = (name, path) => { this.paths[name] = path; };
  getVersion = () => this.version;
}

/** A window that remembers what it was told to show. */
class BrowserWindow extends EventEmitter {
  shown = [];

  static getFocusedWindow = () => null;
  loadFile = async (path) => { this.shown.push(path); };
  loadURL = async (url) => { this.shown.push(url); };
}

class Menu {
  append() {}
  popup() {}
}

module.exports = {
  app: new App(),
  BrowserWindow,
  Menu,
  MenuItem: class MenuItem {},
  dialog: {},
  globalShortcut: { register: () => true, unregister: () => {} },
  ipcMain: new EventEmitter(),
  safeStorage: { isEncryptionAvailable: () => false },
};
