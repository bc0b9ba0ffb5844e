import {
  type ArgumentsHost,
  type CanActivate,
  Catch,
  type ExceptionFilter,
  type ExecutionContext,
  Injectable,
} from '@nestjs/common';

/** What has passed the guard and the filter of the watch. */
@Injectable()
export class Journal {
  readonly entries = new Set<string>();

  /** Resolves once there is an entry. */
  async has(entry: string): Promise<void> {
    while (!this.entries.has(entry)) await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

@Injectable()
export class JournalGuard implements CanActivate {
  constructor(private readonly journal: Journal) {}

  canActivate(context: ExecutionContext) {
    this.journal.entries.add(`guard ${context.getType<string>()}`);
    return true;
  }
}

@Catch()
@Injectable()
export class JournalFilter implements ExceptionFilter {
  constructor(private readonly journal: Journal) {}

  catch(error: Error, host: ArgumentsHost) {
    this.journal.entries.add(`filter ${host.getType<string>()} ${error.message}`);
  }
}
