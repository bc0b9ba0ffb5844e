import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { type EtcdEvent, EtcdKeyExistsError, EtcdService, EtcdWatch, LeaderOnly } from 'nestjs-etcd';
import { LiveService } from '../live/live.service.js';
import { electionName } from '../queues/queues.service.js';

const settings: Readonly<Record<string, string>> = {
  'config/greeting': 'Good morning',
  'config/limits/burst': '20',
  'config/limits/requests': '100',
  'config/mail/from': 'office@example.org',
  'flags/dark-mode': 'on',
  'flags/new-checkout': 'off',
};
const stations = ['harbour', 'lighthouse', 'observatory', 'old-mill', 'ridge'];

/** Something to look at where there is nothing else: settings, and a weather service that the leader keeps. All is below `/demo`. */
@Injectable()
export class DemoService implements OnApplicationBootstrap {
  private readonly logger = new Logger(DemoService.name);
  private readonly demo;
  private isOn = false;
  private count = 0;

  constructor(
    etcd: EtcdService,
    private readonly live: LiveService,
  ) {
    this.demo = etcd.namespace('/demo');
    live.set('demo', { isOn: false });
  }

  /** Does not wait for etcd, nor does it switch on what somebody has switched off. */
  onApplicationBootstrap(): void {
    if (process.env['DEMO'] === 'on')
      this.createAll({ switch: 'on' }).catch((error: unknown) => this.logger.warn(String(error)));
  }

  async switchTo(isOn: boolean): Promise<void> {
    await this.demo.set('/switch', isOn ? 'on' : 'off');
  }

  /** Each replica follows the switch, which is a key as any other, and can be edited in the tree too. */
  @EtcdWatch('/demo/switch', { initial: true })
  onSwitch({ node }: EtcdEvent): void {
    this.isOn = node?.value === 'on';
    this.live.set('demo', { isOn: this.isOn });
  }

  /** The timer fires in every replica, and the method runs in the one that leads. */
  @Interval(400)
  @LeaderOnly(electionName)
  async measure(): Promise<void> {
    if (!this.isOn) return;
    try {
      if (this.count === 0) await this.createAll(settings);
      const reports = 3 + Math.round(2 * Math.sin(this.count / 40));
      for (let i = 0; i < reports; i++) {
        const station = stations[this.count++ % stations.length];
        const degrees = (12 + 6 * Math.sin(this.count / 400) + Math.random()).toFixed(1);
        await this.demo.set(`/weather/${station}`, `${degrees} °C`);
      }
    } catch (error) {
      this.logger.warn(`The weather was not written: ${String(error)}`);
    }
  }

  /** Leaves what is there as it is. */
  private async createAll(values: Readonly<Record<string, string>>): Promise<void> {
    for (const [key, value] of Object.entries(values))
      await this.demo.create(`/${key}`, value).catch((error: unknown) => {
        if (!(error instanceof EtcdKeyExistsError)) throw error;
      });
  }
}
