/** What says how to reach the cluster cannot be used. Trying again would not help: the operator has to give another one. */
export class KubeconfigError extends Error {}
