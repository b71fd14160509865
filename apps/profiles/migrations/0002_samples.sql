-- Somebody to look at: ten thousand people who do not exist.
insert into profiles (name, email, bio)
select
  (array['Ada', 'Grace', 'Edsger', 'Barbara', 'Alan', 'Frances', 'Donald', 'Radia'])[n % 8 + 1]
    || ' ' || n,
  'person' || n || '@example.com',
  'Number ' || n || ' of ten thousand.'
from generate_series(1, 10000) as n;
