// Owns who hears what: rooms of WebSockets, and the end of those that do not keep up.

/** What a message is: text, or bytes. */
export type Message = string | ArrayBuffer;

/** The part of a WebSocket a room needs. */
export interface Member {
  /** Bytes accepted for sending and not yet handed to the system. */
  readonly bufferedAmount: number;
  send(message: Message): void;
  /** Drops the connection without a closing handshake. */
  terminate(): void;
}

/** Rooms by name; a room exists while it has members. */
export interface Rooms {
  readonly count: number;
  join(name: string, member: Member): void;
  leave(name: string, member: Member): void;
  /** Sends `message` to everyone in the room, its sender included. */
  broadcast(name: string, message: Message): void;
}

/** No rooms yet; a member with more than `maxBacklogBytes` unsent is dropped. */
export function createRooms(maxBacklogBytes: number): Rooms {
  const rooms = new Map<string, Set<Member>>();
  return {
    get count() {
      return rooms.size;
    },
    join(name, member) {
      const members = rooms.get(name) ?? new Set();
      rooms.set(name, members.add(member));
    },
    leave(name, member) {
      const members = rooms.get(name);
      members?.delete(member);
      if (members?.size === 0) rooms.delete(name);
    },
    broadcast(name, message) {
      for (const member of rooms.get(name) ?? []) sendOrDrop(member, message, maxBacklogBytes);
    },
  };
}

/**
 * Sends `message`, or drops a member whose backlog is above `maxBacklogBytes`: what it has not read
 * would otherwise pile up here. A closing handshake would only join the queue, so there is none.
 */
export function sendOrDrop(member: Member, message: Message, maxBacklogBytes: number): void {
  if (member.bufferedAmount > maxBacklogBytes) member.terminate();
  else member.send(message);
}
