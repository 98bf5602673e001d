import { Forbidden, InvalidRequest, NotFound, Unauthenticated } from '../../errors';
import type { Principal } from '../tokens';

/** Who may read something: a user by id, or anybody with null. */
export type IsReader = (viewerId: string | null) => boolean;

/** What is asked about the things that topics are of. */
export interface TopicOwners {
  /** The owner of an upload; null when there is no such upload. */
  ownerOfUpload(id: string): Promise<string | null>;
  /** Who may read each of these documents; those that there are not are left out. */
  readersOfDocuments(ids: string[]): Promise<Map<string, IsReader>>;
}

type Refusal = Forbidden | NotFound | Unauthenticated;

/** What is known of a topic: whether this one may read it, and if not, why. */
type Rule = (principal: Principal | null) => Refusal | null;

const TOPIC = /^(?:documents|(?:user|document|upload):[0-9a-z]{1,64})$/;

export function isTopic(text: string): boolean {
  return TOPIC.test(text);
}

/** Decides who may read which topics. */
export class TopicAccess {
  constructor(private readonly owners: TopicOwners) {}

  /** @throws `InvalidRequest`, `Unauthenticated`, `Forbidden`, `NotFound` for the first topic that may not be read */
  async require(principal: Principal | null, topics: readonly string[]): Promise<void> {
    if (!topics.every(isTopic)) throw InvalidRequest.of([{ path: 'topics', message: 'should be topics' }]);
    const rules = await this.rules(topics);
    for (const topic of topics) {
      const refusal = rules.get(topic)?.(principal);
      if (refusal) throw refusal;
    }
  }

  /** Whether what is allowed today may be forbidden tomorrow: documents are hidden, all else stays whose it is. */
  mayChange(topic: string): boolean {
    return topic.startsWith('document:');
  }

  /** One look at the stores, for any number of clients. */
  async rules(topics: readonly string[]): Promise<Map<string, Rule>> {
    const documents = topics.filter((topic) => topic.startsWith('document:')).map(idOf);
    const readers = documents.length === 0 ? null : await this.owners.readersOfDocuments(documents);
    const rules = new Map<string, Rule>();
    for (const topic of topics) {
      const id = idOf(topic);
      if (topic === 'documents') rules.set(topic, () => null);
      else if (topic.startsWith('user:')) rules.set(topic, ruleOfUser(id));
      else if (topic.startsWith('upload:'))
        rules.set(topic, ruleOfUpload(await this.owners.ownerOfUpload(id)));
      else rules.set(topic, ruleOfDocument(readers?.get(id)));
    }
    return rules;
  }
}

function idOf(topic: string): string {
  return topic.slice(topic.indexOf(':') + 1);
}

/** Says nothing about whether there is such a user. */
function ruleOfUser(id: string): Rule {
  return (principal) => {
    if (principal === null) return new Unauthenticated();
    return principal.userId === id ? null : new Forbidden('The topic of a user is for that user alone.');
  };
}

function ruleOfUpload(ownerId: string | null): Rule {
  return (principal) => {
    if (principal === null) return new Unauthenticated();
    return principal.userId === ownerId ? null : new NotFound();
  };
}

function ruleOfDocument(isReader: IsReader | undefined): Rule {
  return (principal) => (isReader?.(principal?.userId ?? null) ? null : new NotFound());
}
