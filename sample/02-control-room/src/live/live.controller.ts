import type { ServerResponse } from 'node:http';
import { Controller, Get, Res } from '@nestjs/common';
import { LiveService } from './live.service.js';

/** A page that takes nothing any more gets no more; it asks anew when it wakes up. */
const mostUnread = 8 * 1024 * 1024;

@Controller('live')
export class LiveController {
  constructor(private readonly live: LiveService) {}

  /**
   * Server-sent events: the whole state as `snapshot`, and then each `delta`. Not by `@Sse`, since that would write the same JSON again
   * for each page, and would keep everything for one that does not read.
   */
  @Get()
  follow(@Res() response: ServerResponse): void {
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
    response.write(`retry: 500\nevent: snapshot\ndata: ${this.live.snapshot()}\n\n`);
    const changes = this.live.changes$.subscribe({
      next: (data) => {
        if (response.writableLength > mostUnread) response.destroy();
        else response.write(`event: delta\ndata: ${data}\n\n`);
      },
      complete: () => response.end(),
    });
    response.once('close', () => changes.unsubscribe());
  }
}
