/** The codes of errors that naming a certificate authority would mend. */
const unknownAuthority = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is signed by itself',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate comes from an unknown authority',
  UNABLE_TO_GET_ISSUER_CERT: 'its certificate comes from an unknown authority',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate comes from an unknown authority',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    'its certificate comes from an unknown authority, or one between is missing',
};

const tlsProblems: Readonly<Record<string, string>> = {
  ...unknownAuthority,
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
};

/** What is wrong with a server's certificate, by the code of the error; undefined for errors of other kinds. */
export function describeTlsProblem(code: string): string | undefined {
  return tlsProblems[code];
}

/** Whether naming a certificate authority would help. */
export function isUnknownAuthority(code: string): boolean {
  return Object.hasOwn(unknownAuthority, code);
}
