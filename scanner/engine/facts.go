package engine

// fact is what one signature found out and others need.
type fact struct {
	giver  int // index of the step; the lowest wins, whichever ended first
	values map[string]string
}

func (s *site) fact(name string) (map[string]string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, ok := s.facts[name]
	return f.values, ok
}

func (s *site) learn(name string, giver int, values map[string]string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if known, ok := s.facts[name]; !ok || giver <= known.giver {
		s.facts[name] = fact{giver, values}
	}
}
