/** What is wrong with the words of a command; the caller shows the usage with it. */
export class Misused extends Error {}
