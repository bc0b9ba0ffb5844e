import { describe, stackOf } from '../reporting/describe.js';
import { Reporter } from '../reporting/reporter.js';

/** Writes what happens in elections to the log, and tells it on `events$`. It never throws. */
export class LeaderReporter extends Reporter {
  elected(election: string, term: number): void {
    this.log('log', `This process leads '${election}' (term ${term}).`);
    this.tell({ type: 'leader.elected', connection: this.connection, election, term });
  }

  ended(election: string, term: number, isLost: boolean): void {
    const what = isLost ? 'has lost the lead of' : 'no longer leads';
    this.log(isLost ? 'warn' : 'log', `This process ${what} '${election}' (term ${term}).`);
    this.tell({ type: 'leader.ended', connection: this.connection, election, term, isLost });
  }

  failed(election: string, term: number, handler: string, error: unknown): void {
    this.log(
      'error',
      `${handler} failed as the leader of '${election}' (term ${term}), and resigns: ${describe(error)}`,
      stackOf(error),
    );
    const { connection } = this;
    this.tell({ type: 'leader.handler.failed', connection, election, term, handler, error });
  }

  /** @param isNews whether the campaign before did not fail: there is one line for all attempts in between */
  campaignFailed(election: string, error: unknown, retryIn: number, isNews: boolean): void {
    if (isNews)
      this.log('error', `This process cannot take part in the election '${election}': ${describe(error)}`);
    const { connection } = this;
    this.tell({ type: 'leader.campaign.failed', connection, election, error, retryIn });
  }

  stillRunning(election: string, handlers: readonly string[]): void {
    this.log(
      'warn',
      `${handlers.join(', ')} still runs though this process does not lead '${election}' any more, and it takes part in the election only when that has ended. End it when its \`signal\` is aborted.`,
    );
  }

  notStarted(count: number): void {
    this.log(
      'warn',
      `This process takes part in none of its ${count} elections: the service was overridden by something without \`election\`.`,
    );
  }

  notResigned(elections: readonly string[]): void {
    this.log(
      'warn',
      `The shutdown goes on before this process has resigned from '${elections.join("', '")}', because etcd does not answer. Unless that succeeds while the connection closes, another process leads when the TTL is over.`,
    );
  }

  notAwaited(handlers: readonly string[], timeout: number): void {
    this.log(
      'warn',
      `The shutdown goes on without ${handlers.join(', ')}: still running after ${timeout} ms. End it when its \`signal\` is aborted, or raise \`shutdownTimeout\`.`,
    );
  }
}
