import { readFile } from 'node:fs/promises';
import { Controller, Get, Header, NotFoundException, Param, StreamableFile } from '@nestjs/common';

const directory = new URL('../../public/', import.meta.url);
const types: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
};
/** Neither a directory nor anything above fits in here. */
const fileName = /^[a-z-]+\.(html|css|js)$/;

/** The page: a few files as they are, and no others. */
@Controller()
export class PageController {
  @Get()
  @Header('Cache-Control', 'no-cache')
  index(): Promise<StreamableFile> {
    return this.file('index.html');
  }

  @Get('page/:name')
  @Header('Cache-Control', 'no-cache')
  async file(@Param('name') name: string): Promise<StreamableFile> {
    const [, extension] = fileName.exec(name) ?? [];
    if (extension === undefined) throw new NotFoundException();
    const content = await readFile(new URL(name, directory)).catch(() => {
      throw new NotFoundException();
    });
    return new StreamableFile(content, { type: types[extension] });
  }
}
