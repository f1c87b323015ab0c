/** The version in package.json, which browsers do not see. A tuning table holds for one version. */
export const engineVersion = '0.1.0';
