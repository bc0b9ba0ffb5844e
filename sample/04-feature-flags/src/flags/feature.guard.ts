import {
  type CanActivate,
  type ExecutionContext,
  Injectable,
  NotFoundException,
  SetMetadata,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { FlagsConfig } from './flags.config.js';

/** Lets a route be there only while a flag is on. */
export const Feature = (name: 'checkout' | 'free-shipping') => SetMetadata('feature', name);

/** A route whose flag is off is not there: 404. */
@Injectable()
export class FeatureGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly flags: FlagsConfig,
  ) {}

  canActivate(context: ExecutionContext): boolean {
    const name = this.reflector.get<'checkout' | 'free-shipping' | undefined>(
      'feature',
      context.getHandler(),
    );
    if (name === undefined || this.flags.value[name]) return true;
    throw new NotFoundException();
  }
}
