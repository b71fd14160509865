// Owns what the partner knows: posts, comments and users, each computed from its id.
import { hash } from './random.ts';

/** Posts and users have ids from 1 to this. */
export const maxId = 1_000_000;

/** A post of the stand-in API. */
export interface Post {
  id: number;
  userId: number;
  title: string;
  body: string;
}

/** A comment under a post. */
export interface Comment {
  id: number;
  postId: number;
  name: string;
  email: string;
  body: string;
}

/** The author of posts. */
export interface User {
  id: number;
  name: string;
  username: string;
  email: string;
}

const commentsPerPost = 5;
const words =
  'amber basin cedar delta ember fjord grove harbor inlet juniper kelp lagoon meadow north ocean prairie quarry ridge shore tundra upland valley willow yarrow'.split(
    ' ',
  );
const names = 'Ada Alan Barbara Claude Donald Edsger Frances Grace John Ken Leslie Radia'.split(
  ' ',
);

/** The post with this id, 1 to {@link maxId}. */
export function postOf(id: number): Post {
  return {
    id,
    userId: 1 + Math.floor(hash(id, 1) * maxId),
    title: phrase(id, 2, 5),
    body: phrase(id, 3, 40),
  };
}

/** The comments under the post with this id. */
export function commentsOf(postId: number): Comment[] {
  return Array.from({ length: commentsPerPost }, (_, index) => {
    const id = (postId - 1) * commentsPerPost + index + 1;
    const name = pick(names, id, 4);
    return {
      id,
      postId,
      name,
      email: `${name.toLowerCase()}.${id}@example.com`,
      body: phrase(id, 5, 15),
    };
  });
}

/** The user with this id, 1 to {@link maxId}. */
export function userOf(id: number): User {
  const name = pick(names, id, 6);
  const username = `${name.toLowerCase()}${id}`;
  return { id, name, username, email: `${username}@example.com` };
}

function phrase(id: number, salt: number, length: number): string {
  let text = pick(words, id, salt * 1000);
  for (let index = 1; index < length; index++) text += ` ${pick(words, id, salt * 1000 + index)}`;
  return text;
}

function pick(list: readonly string[], id: number, salt: number): string {
  return list[Math.floor(hash(id, salt) * list.length)] ?? '';
}
