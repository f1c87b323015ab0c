// A page and its script on a free port of this machine only.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Page {
  script: string;
  /** Default: an empty page that loads the script. */
  html?: string;
  /** Receives what the page posts. */
  receive?(body: string): void;
}

export interface ServedPage {
  address: string;
  close(): void;
}

const emptyPage =
  '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><body><script type="module" src="main.js"></script>';

/** Serves `/`, `/main.js`, and takes what is posted; all else is not found. */
export async function servePage({ script, html = emptyPage, receive }: Page): Promise<ServedPage> {
  const server = createServer(async (request, response) => {
    if (request.method === 'POST' && receive) {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      receive(Buffer.concat(chunks).toString());
      response.end();
      return;
    }
    const isScript = request.url === '/main.js';
    response.statusCode = isScript || request.url === '/' ? 200 : 404;
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html; charset=utf-8');
    response.end(response.statusCode === 404 ? '' : isScript ? script : html);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
