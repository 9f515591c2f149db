import { isDeepStrictEqual } from 'node:util';
import type { MirrorFacts, MirrorHealth } from '../../mirrors/mirror-state.ts';
import { smoothResponseTime } from '../../mirrors/response-time.ts';
import { afterTries, reachableOver } from '../../mirrors/url-states.ts';
import type { ProbeFinding } from './visit.ts';
import type { ProbeSettings } from './schedule.ts';

/** A smoothed time that differs by less is no news. */
const newsRatio = 1.25;

/** What probes that a mirror has passed show of it: its ways, how fast it is, how long its certificate lives. */
export class MeasuredFacts {
  readonly #settings: Pick<ProbeSettings, 'certificateWarning'>;
  /** Smoothed, in milliseconds; finer than what is told. */
  #responseTime: number | undefined;

  /** `settings` are read anew each time: they may change meanwhile. */
  constructor(settings: Pick<ProbeSettings, 'certificateWarning'>, responseTime: number | undefined) {
    this.#settings = settings;
    this.#responseTime = responseTime;
  }

  /** What is told after a probe of a mirror in `health`. `askedSerial`: its marker was looked at. */
  after(
    health: MirrorHealth,
    finding: Extract<ProbeFinding, { ok: true }>,
    askedSerial: boolean,
    now: number,
  ): MirrorFacts {
    const found = afterTries(health.urls ?? [], finding.addresses, finding.tried);
    const urls = isDeepStrictEqual(found, health.urls) ? health.urls : found;
    const [ipv4, ipv6] = [reachableOver(found, 4), reachableOver(found, 6)];
    const responseTime = this.#timeAfter(health.responseTime, finding.responseTime);
    const certificate = this.#certificateAfter(health.certificate, finding.certificateExpires, now);
    const severalParts = finding.severalParts ?? health.severalParts;
    return {
      serial: finding.serial,
      // Only a look at the marker can say that what was wrong with it is no more.
      warning: askedSerial ? finding.warning : health.warning,
      ...(urls === undefined ? {} : { urls }),
      ...(ipv4 === undefined ? {} : { ipv4 }),
      ...(ipv6 === undefined ? {} : { ipv6 }),
      ...(responseTime === undefined ? {} : { responseTime }),
      ...(severalParts === undefined ? {} : { severalParts }),
      ...(certificate === undefined ? {} : { certificate }),
    };
  }

  /** Every measurement counts, and those that make a difference are told. */
  #timeAfter(known: number | undefined, measured: number | undefined): number | undefined {
    if (measured === undefined) return known;
    this.#responseTime = smoothResponseTime(this.#responseTime, measured);
    const next = Math.max(1, Math.round(this.#responseTime));
    return known === undefined || next > known * newsRatio || next * newsRatio < known ? next : known;
  }

  #certificateAfter(
    known: MirrorHealth['certificate'],
    expires: number | undefined,
    now: number,
  ): MirrorHealth['certificate'] {
    const ends = expires ?? known?.expires;
    if (ends === undefined) return undefined;
    const next = { expires: ends, soon: ends - now < this.#settings.certificateWarning };
    return isDeepStrictEqual(next, known) ? known : next;
  }
}
