import { type Fields, type Reader, constantOf, objectOf } from '../json-reader.ts';

/**
 * The fields of a document that says its `type`, and that it is of version 1. The type is looked at first: whoever
 * mixed up two files shall hear just that.
 */
export function typedDocument<const S extends Readonly<Record<string, Reader<unknown>>>>(
  type: string,
  fields: S,
): Reader<Fields<S>> {
  const readType = constantOf(type);
  const readVersion = constantOf(1, '1: use a newer Signpost');
  const read = objectOf(fields);
  return (value, where) => {
    const { type: found, version, ...rest } = Object(value) as Readonly<Record<string, unknown>>;
    readType(found, `${where} type`);
    readVersion(version, `${where} version`);
    return read(rest, where);
  };
}
