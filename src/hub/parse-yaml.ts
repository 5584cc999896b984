// The YAML reader, in a file of its own so that it can be imported when there is YAML to read and not before. (An
// `import('yaml')` would lose its names inside a bundle: the package is CommonJS.)
export { parse as parseYaml } from 'yaml';
