/**
 * Adds to a message what is known at the end. It stays the same object, so that listeners can keep something for it; unless one of
 * them has frozen it.
 */
export function complete<Message extends object, End extends object>(
  message: Message,
  end: End,
): Message & End {
  return Object.isExtensible(message) ? Object.assign(message, end) : { ...message, ...end };
}
