// The version of this Holdfast, from package.json, also inside a bundle.
import manifest from '../../package.json' with { type: 'json' };

export const holdfastVersion: string = manifest.version;
