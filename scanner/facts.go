package scanner

// fact is what one signature found out and others need.
type fact struct {
	giver  int // index of the step; the lowest wins, whichever ended first
	values map[string]string
}

func (s *Site) fact(name string) (map[string]string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, ok := s.facts[name]
	return f.values, ok
}

// Learn establishes a fact.
func (s *Site) Learn(name string, values map[string]string) { s.learn(name, -1, values) }

func (s *Site) learn(name string, giver int, values map[string]string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if known, ok := s.facts[name]; !ok || giver <= known.giver {
		s.facts[name] = fact{giver, values}
	}
}
