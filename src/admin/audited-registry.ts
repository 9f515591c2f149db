import type { Mirror } from '../mirrors/mirror.ts';
import { describeMirror } from '../mirrors/mirror-description.ts';
import type { AuditLog, AuditValue } from '../ports/audit-log.ts';
import type { Clock } from '../ports/clock.ts';
import type { MirrorRegistry } from '../ports/mirror-registry.ts';

export interface AuditedRegistryDeps {
  readonly registry: MirrorRegistry;
  readonly audit: Pick<AuditLog, 'append'>;
  readonly clock: Clock;
  /** Who makes the changes. */
  readonly who: string;
}

/** The registry of mirrors, with every change written down. What did not change anything is not. */
export function createAuditedRegistry({ registry, audit, clock, who }: AuditedRegistryDeps): MirrorRegistry {
  const write = (action: string, subject: string, values: { before?: AuditValue; after?: AuditValue }) =>
    audit.append({ at: clock.now(), who, action, subject, ...values });
  const find = async (id: Mirror['id']) => (await registry.list()).find((mirror) => mirror.id === id);
  return {
    list: () => registry.list(),
    version: () => registry.version(),
    async add(mirror) {
      const added = await registry.add(mirror);
      await write('mirror.add', added.name, { after: describe(added) });
      return added;
    },
    async update(mirror, expected) {
      const before = expected ?? (await find(mirror.id));
      await registry.update(mirror, expected);
      const changed = changedKeys(before === undefined ? {} : describeMirror(before), describeMirror(mirror));
      if (changed.length === 0) return;
      const [was, is] = [before === undefined ? {} : describe(before), describe(mirror)];
      await write('mirror.change', before?.name ?? mirror.name, {
        before: pick(was, changed),
        after: pick(is, changed),
      });
    },
    async remove(id, expected) {
      const before = expected ?? (await find(id));
      await registry.remove(id, expected);
      const values = before === undefined ? {} : { before: describe(before) };
      await write('mirror.remove', before?.name ?? String(id), values);
    },
  };
}

function changedKeys(was: AuditValue, is: AuditValue): readonly string[] {
  return [...new Set([...Object.keys(was), ...Object.keys(is)])].filter(
    (key) => JSON.stringify(was[key]) !== JSON.stringify(is[key]),
  );
}

/** A webhook's address may hold a secret: that it changed is told, and not what it is. */
function describe(mirror: Mirror): AuditValue {
  const { webhook, ...rest } = describeMirror(mirror);
  return webhook === undefined ? rest : { ...rest, webhook: '(not written down)' };
}

function pick(value: AuditValue, keys: readonly string[]): AuditValue {
  return Object.fromEntries(keys.filter((key) => value[key] !== undefined).map((key) => [key, value[key]]));
}
