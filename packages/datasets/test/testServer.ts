import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A server on this machine that counts its requests. */
export class TestServer implements AsyncDisposable {
  requests = 0;
  readonly #server;

  constructor(listener: RequestListener) {
    this.#server = createServer((request, response) => {
      this.requests++;
      listener(request, response);
    });
  }

  /** Starts to listen; resolves to its address, which ends in a slash. */
  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
