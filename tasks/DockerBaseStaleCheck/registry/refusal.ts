/** Why a registry gave no answer that can be judged by; caught where an image is judged. */
export class RegistryRefusal extends Error {
  override readonly name = 'RegistryRefusal';

  /** @param kind `missing`: there is no such image, or no access to it; `unavailable`: it could not be found out. */
  constructor(
    readonly kind: 'missing' | 'unavailable',
    message: string,
  ) {
    super(message);
  }
}
