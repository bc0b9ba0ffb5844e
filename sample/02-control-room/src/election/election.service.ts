import { ConflictException, Injectable, Logger } from '@nestjs/common';
import { EtcdLeader, type EtcdLeaderContext, EtcdService } from 'nestjs-etcd';
import { ReplicasService } from '../instances/replicas.service.js';
import { candidateName } from '../instances/candidate-name.js';
import { electionName } from '../queues/queues.service.js';

/** What was done to the leader. */
export interface Ended {
  readonly how: 'killed' | 'resigned';
  readonly leader: string;
}

@Injectable()
export class ElectionService {
  private readonly logger = new Logger(ElectionService.name);
  private context: EtcdLeaderContext | undefined;

  constructor(
    private readonly etcd: EtcdService,
    private readonly replicas: ReplicasService,
  ) {
    replicas.asked$.subscribe((word) => {
      if (word === 'resign') this.context?.resign();
    });
  }

  /** Of all replicas one leads. It only says so here; the demo asks whether it is this one. */
  @EtcdLeader(electionName, { ttl: 3, value: candidateName })
  lead(context: EtcdLeaderContext): void {
    this.context = context;
    this.logger.log(`This process leads (${candidateName}, term ${context.term})`);
    context.signal.addEventListener('abort', () => (this.context = undefined));
  }

  async resign(): Promise<Ended> {
    const leader = await this.leader();
    if (leader === candidateName) this.context?.resign();
    else if (!this.replicas.ask(leader, 'resign')) throw notOurs(leader);
    return { how: 'resigned', leader };
  }

  /** Kills the process that leads. When it is this one, which serves the page, it resigns. */
  async kill(): Promise<Ended> {
    const leader = await this.leader();
    if (leader === candidateName) return this.resign();
    if (!this.replicas.kill(leader)) throw notOurs(leader);
    return { how: 'killed', leader };
  }

  private async leader(): Promise<string> {
    const leader = await this.etcd.election(electionName).leader();
    if (leader === undefined) throw new ConflictException('Nobody leads at the moment.');
    return leader.value;
  }
}

function notOurs(leader: string): ConflictException {
  return new ConflictException(`${leader} was not started here. Open its page to do that.`);
}
