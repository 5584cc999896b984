// What had become of a write when it was brought to be taken in here.

/** It never left this node, or it was sent and the connection was lost before the answer. */
export type Outcome = 'unsent' | { readonly sentOnto: KnownState };

/** What was known of an object, to see whether it has changed since; '' when it was not looked at. */
export type KnownState = string;
