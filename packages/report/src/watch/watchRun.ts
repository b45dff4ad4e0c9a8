import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';

import { requireKnownOptions } from '@protocl/core';

import { reportError } from '../errors.js';
import { renderPage } from '../html/renderPage.js';
import { RunFollower } from './runFollower.js';

export interface WatchOptions {
  /** On 127.0.0.1; 0, the default, takes a free one. */
  readonly port?: number;
  /** Ends the watching. */
  readonly signal?: AbortSignal;
  /** How often the folder is looked at; 1000 ms by default. */
  readonly intervalMs?: number;
}

/** A run that is being watched. */
export interface WatchedRun {
  /** Where the page is. */
  readonly url: string;
  /** Fulfilled once the server is closed; rejected if the run's files became unreadable. */
  readonly closed: Promise<void>;
  /** Ends the watching, and waits for it. */
  close(): Promise<void>;
}

/** A reader that takes its events more slowly than this many bytes is let go; it comes again by itself. */
const MOST_BYTES_BEHIND = 64 * 2 ** 20;

/**
 * Serves the report of one run, on this machine alone, and brings it up to date as the run goes on.
 *
 * @param folder of the run
 * @throws {ProtoclError} `RUN_UNREADABLE` if the folder is not that of a run; `PORT_UNAVAILABLE`;
 *   `INVALID_OPTION` for an interval that is none
 */
export async function watchRun(folder: string, options: WatchOptions = {}): Promise<WatchedRun> {
  requireKnownOptions('watchRun', options, { port: true, signal: true, intervalMs: true });
  const { port = 0, signal, intervalMs = 1000 } = options;
  if (!(intervalMs > 0 && Number.isFinite(intervalMs))) {
    throw reportError('INVALID_OPTION', {
      message: 'a run cannot be looked at so often',
      given: intervalMs,
      expected: 'milliseconds, more than 0',
    });
  }
  signal?.throwIfAborted();
  const follower = await RunFollower.open(resolve(folder));
  const readers = new Set<ServerResponse>();
  const server = createServer((request, response) => {
    answer(request, response, follower, readers).catch(() => response.destroy());
  });
  const url = await listen(server, port);
  const closed = follow(follower, server, readers, intervalMs, signal);
  // Who does not wait for it is told when closing.
  closed.catch(() => undefined);
  return {
    url,
    closed,
    close: async () => {
      server.close();
      for (const reader of readers) reader.end();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Looks at the run again and again until the server closes. */
async function follow(
  follower: RunFollower,
  server: Server,
  readers: ReadonlySet<ServerResponse>,
  intervalMs: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const ended = new AbortController();
  const end = () => {
    for (const reader of readers) reader.end();
    server.close();
    server.closeAllConnections();
  };
  server.once('close', () => ended.abort());
  signal?.addEventListener('abort', end, { once: true });
  if (signal?.aborted === true) end();
  try {
    while (!ended.signal.aborted) {
      for (const part of await follower.update()) for (const reader of readers) send(reader, part);
      await pause(intervalMs, ended.signal);
    }
  } finally {
    signal?.removeEventListener('abort', end);
    if (server.listening) end();
  }
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    const finish = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', finish);
      done();
    };
    const timer = setTimeout(finish, milliseconds);
    if (signal.aborted) finish();
    else signal.addEventListener('abort', finish);
  });
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  follower: RunFollower,
  readers: Set<ServerResponse>,
): Promise<void> {
  const { port } = request.socket.address() as AddressInfo;
  const headers = {
    'cache-control': 'no-store',
    'cross-origin-resource-policy': 'same-origin',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
  };
  const refuse = (status: number, text: string) => {
    response.writeHead(status, { ...headers, 'content-type': 'text/plain; charset=utf-8' }).end(`${text}\n`);
  };
  // A web site whose name leads to 127.0.0.1 must not read the page through the reader's browser.
  const host = request.headers.host;
  if (host !== `127.0.0.1:${port}` && host !== `localhost:${port}`) {
    refuse(403, `this page is for http://127.0.0.1:${port} alone`);
    return;
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    refuse(405, 'there is nothing to send here');
    return;
  }
  const path = request.url?.replace(/\?.*$/, '');
  if (path === '/') {
    const page = await renderPage(follower.data);
    response.writeHead(200, { ...headers, 'content-type': 'text/html; charset=utf-8' }).end(page);
    return;
  }
  if (path !== '/events') {
    refuse(404, 'there is nothing here');
    return;
  }
  response.writeHead(200, { ...headers, 'content-type': 'text/event-stream' });
  response.on('close', () => readers.delete(response));
  readers.add(response);
  // It may have come later than its page, or come again.
  for (const part of follower.parts()) send(response, part);
}

function send(reader: ServerResponse, part: string): void {
  if (reader.writableLength > MOST_BYTES_BEHIND) reader.destroy();
  // JSON has no line breaks, which would end the data.
  else reader.write(`event: part\ndata: ${part}\n\n`);
}

async function listen(server: Server, port: number): Promise<string> {
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  } catch (cause) {
    throw reportError('PORT_UNAVAILABLE', {
      message: 'this port cannot be served on',
      given: port,
      expected: 'a free port of 127.0.0.1, 0 .. 65535',
      remedy: 'Choose another one, or 0 for any',
      cause,
    });
  }
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}
