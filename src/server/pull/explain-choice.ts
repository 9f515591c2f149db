import type { Choice, Tier } from '../../mirrors/choose-mirrors.ts';
import { findCountry } from '../../mirrors/countries.ts';
import { type Coordinates, distanceBetween } from '../../mirrors/distance.ts';
import type { Client, RejectionReason } from '../../mirrors/eligibility.ts';

/** A choice as plain JSON, for people and programs. */
export interface ChoiceExplanation {
  readonly ranked: readonly {
    readonly name: string;
    readonly url: string;
    readonly tier: Tier;
    /** In km. */
    readonly distance?: number;
    /** From 0 to 1: of the blobs for which a mirror of its tier, or distance band, goes first. */
    readonly share: number;
    /** What its weight counts, where it is less than the operator gave it because the mirror answers slowly. */
    readonly slowWeight?: number | undefined;
  }[];
  readonly rejected: readonly {
    readonly name: string;
    readonly url: string;
    readonly reason: RejectionReason;
    readonly detail: string;
  }[];
}

/** Puts a choice into words, with the distances that choosing had no need of. */
export function explainChoice(choice: Choice, client: Client): ChoiceExplanation {
  const here = locate(client.place, client.place.country);
  return {
    ranked: choice.ranked.map(({ mirror, url, tier, share, slowWeight, distance }) => {
      const there = mirror.coordinates ?? locate({}, mirror.country);
      const known =
        here === undefined || there === undefined ? distance : (distance ?? distanceBetween(here, there));
      return {
        name: mirror.name,
        url,
        tier,
        ...(known === undefined ? {} : { distance: Math.floor(known) }),
        share,
        slowWeight,
      };
    }),
    rejected: choice.rejected.map((rejected) => ({
      name: rejected.mirror.name,
      url: rejected.mirror.urls[0],
      reason: rejected.reason,
      detail: rejected.detail(),
    })),
  };
}

function locate(place: Partial<Coordinates>, country: string | undefined): Coordinates | undefined {
  const { latitude, longitude } = place;
  if (latitude !== undefined && longitude !== undefined) return { latitude, longitude };
  return country === undefined ? undefined : findCountry(country);
}
