import { channels } from '../diagnostics/channels.js';
import type { EtcdElectionCampaigned } from '../diagnostics/index.js';
import type { EtcdNode } from '../keys/index.js';
import type { Holding } from '../lease/holding.js';
import { tokenOf } from '../lock/lock-name.js';
import { whenOver } from '../lock/tell.js';

/** Which election is told of. */
export type ToldElection = EtcdElectionCampaigned;

/** Tells that this process stands for election. */
export function tellCampaign(told: ToldElection): void {
  const { campaign } = channels.election;
  if (campaign.hasSubscribers) campaign.publish(told);
}

/** Tells that this process leads, and when it leads no longer. */
export function tellLeadership(told: ToldElection, holding: Holding): void {
  const { elected, ended } = channels.election;
  const term = tokenOf(holding);
  if (elected.hasSubscribers) elected.publish({ ...told, term });
  whenOver(holding, (loss) => {
    if (ended.hasSubscribers) ended.publish({ ...told, term, loss });
  });
}

/** Tells which leader an observer has seen. */
export function tellLeader(told: ToldElection, leader: EtcdNode | undefined): void {
  const { leader: seen } = channels.election;
  if (seen.hasSubscribers) seen.publish({ ...told, term: leader && tokenOf(leader) });
}
