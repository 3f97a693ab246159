import type { Random } from '../../src/math/random.js';

/** What stands around the text of a web page, whatever the text. */
const PHRASES: readonly string[] = [
  'Home', 'About us', 'Contact', 'Sign in', 'Create account', 'Forgot password?', 'Privacy policy', 'Terms of use', 'Cookie settings', 'Accept all cookies',
  'Skip to main content', 'Subscribe to our newsletter', 'Share on Facebook', 'Tweet this', 'Print this page', 'Report a problem', 'Next thread', 'Previous thread',
  'Reply with quote', 'Mark all as read', 'Sponsored content', 'You may also like', 'Read more', 'Load more comments', 'Sort by newest', 'Back to top',
  'All rights reserved.', 'This site uses JavaScript.', 'Please disable your ad blocker.', 'Download our app', 'Free shipping on orders over $50', 'Add to wish list',
];

/** Phrases around a page in random order, with the separator of the page between them. */
export function drawBoilerplate(random: Random): string {
  const separator = random.pick([' | ', ' > ', ' - ', '\n']);
  return random.shuffled(PHRASES).slice(0, random.between(4, 12)).join(separator);
}
