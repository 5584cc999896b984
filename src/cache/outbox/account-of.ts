/**
 * The account behind an identity, whichever one has the name now: `sa:NAMESPACE:NAME:ISSUER` of `sa:…:UID`. One that was
 * deleted and made anew is the same account under another identity. Every other identity is its own account.
 */
export function accountOf(identity: string): string {
  return identity.startsWith('sa:') ? identity.split(':', 4).join(':') : identity;
}
