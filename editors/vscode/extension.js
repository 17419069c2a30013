// Starts `jobguard lsp` and hands it what is edited; everything else is the server's.
'use strict';

const vscode = require('vscode');
const { LanguageClient } = require('vscode-languageclient/node');

/** @type {LanguageClient | undefined} */
let client;

function options() {
  const settings = vscode.workspace.getConfiguration('jobguard');
  return { policy: settings.get('policy'), kubernetesVersion: settings.get('kubernetesVersion') };
}

async function start() {
  const command = vscode.workspace.getConfiguration('jobguard').get('path') || 'jobguard';
  const languages = ['yaml', 'json', 'jsonc'];
  const schemes = ['file', 'untitled'];
  client = new LanguageClient(
    'jobguard',
    'jobguard',
    { command, args: ['lsp'] },
    {
      documentSelector: languages.flatMap((language) => schemes.map((scheme) => ({ language, scheme }))),
      initializationOptions: options(),
    },
  );
  try {
    await client.start();
  } catch (error) {
    const settings = 'Open settings';
    const message = `jobguard cannot be started (${command}): ${error.message ?? error}`;
    if ((await vscode.window.showErrorMessage(message, settings)) === settings) {
      await vscode.commands.executeCommand('workbench.action.openSettings', 'jobguard.path');
    }
  }
}

async function stop() {
  const running = client;
  client = undefined;
  // A server that never started cannot be stopped.
  await running?.stop().catch(() => {});
}

async function activate(context) {
  context.subscriptions.push(
    vscode.commands.registerCommand('jobguard.restart', async () => {
      await stop();
      await start();
    }),
    vscode.workspace.onDidChangeConfiguration(async (event) => {
      if (event.affectsConfiguration('jobguard') && !event.affectsConfiguration('jobguard.trace')) {
        // A setting that is taken back has to be forgotten, too.
        await stop();
        await start();
      }
    }),
  );
  await start();
}

module.exports = { activate, deactivate: stop };
