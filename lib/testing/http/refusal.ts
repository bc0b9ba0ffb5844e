/** What Go answers to what it cannot read, before it closes the connection: a status with its words. */
export interface Refusal {
  readonly status: string;
  /** @default the status */
  readonly body?: string;
}

export const badRequest: Refusal = { status: '400 Bad Request' };

export const tooLarge: Refusal = { status: '431 Request Header Fields Too Large' };

export function refusalText({ status, body = status }: Refusal): string {
  return `HTTP/1.1 ${status}\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n${body}`;
}
