import { readIpAddress } from '../../net/address.ts';
import { clientHostOf } from '../../net/client-network.ts';
import { createRateLimit } from '../../net/rate-limit.ts';
import type { Clock, MonotonicClock } from '../../ports/clock.ts';
import type { StoredToken, TokenRole, Tokens } from '../../ports/tokens.ts';
import { checkToken } from './check-token.ts';
import { type ProblemAnswer, problem } from './problem.ts';

export interface GateDeps {
  readonly tokens: Pick<Tokens, 'find' | 'markUsed'>;
  readonly clock: Clock & MonotonicClock;
  /** For each address (in IPv6 for each /64), and for each token; for a front end's, {@link frontEndAllowance} times as many. */
  readonly requestsPerMinute: number;
}

/** Says who may come in. */
export interface Gate {
  /** Before anything else is looked at. */
  admit(address: string): ProblemAnswer | undefined;
  /**
   * The token, or why it will not do. What the token has to do with what is asked for is looked at elsewhere.
   * @param authorization the header
   */
  identify(
    address: string,
    authorization: string | undefined,
    roles: readonly TokenRole[],
  ): Promise<StoredToken | ProblemAnswer>;
  /** The bearer asked for what is not for it. */
  refuse(token: StoredToken): ProblemAnswer;
}

/** What a request costs that has a wrong token, or asks for what is not for its bearer. */
const failureCost = 10;
/** At first a front end fetches a piece for each repository, several at once. */
const frontEndAllowance = 100;

export function createGate({ tokens, clock, requestsPerMinute }: GateDeps): Gate {
  const limit = { burst: requestsPerMinute, perMinute: requestsPerMinute };
  const most = requestsPerMinute * frontEndAllowance;
  const addresses = createRateLimit(limit);
  const bearers = createRateLimit(limit);
  const frontEnds = createRateLimit({ burst: most, perMinute: most });
  const refuse = (token: StoredToken) => {
    bearers.take(token.id, failureCost, clock.monotonic());
    return problem(403, 'this token is not for that');
  };
  return {
    admit: (address) => tooMany(addresses.take(hostOf(address), 1, clock.monotonic())),
    async identify(address, authorization, roles) {
      const token = await checkToken(tokens, authorization, clock.now());
      if (token === undefined) {
        addresses.take(hostOf(address), failureCost, clock.monotonic());
        return problem(
          401,
          'a token is needed ("Authorization: Bearer signpost_..."), one that was made here and is neither expired nor revoked',
        );
      }
      const isAllowed = roles.includes(token.role);
      if (isAllowed && token.role === 'front-end') {
        addresses.giveBack(hostOf(address), 1);
        return tooMany(frontEnds.take(token.id, 1, clock.monotonic())) ?? token;
      }
      return tooMany(bearers.take(token.id, 1, clock.monotonic())) ?? (isAllowed ? token : refuse(token));
    },
    refuse,
  };
}

function hostOf(text: string): string {
  const address = readIpAddress(text);
  return address === undefined ? text : clientHostOf(address);
}

function tooMany(seconds: number): ProblemAnswer | undefined {
  if (seconds === 0) return undefined;
  return { ...problem(429, `too many requests: wait ${seconds} seconds`), retryAfter: seconds };
}
