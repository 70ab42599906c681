package watch

import (
	"strings"
	"testing"
	"time"
)

func at(t *testing.T, text string) time.Time {
	t.Helper()
	zone, err := time.LoadLocation("Asia/Tokyo")
	if err != nil {
		t.Fatal(err)
	}
	if text == "" {
		return time.Time{}
	}
	v, err := time.ParseInLocation("Mon 2006-01-02 15:04", text, zone)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestNext(t *testing.T) {
	for name, c := range map[string]struct {
		every     time.Duration
		cron      string
		blackout  []string
		last, now string
		want      string
	}{
		"first":                  {6 * time.Hour, "", nil, "", "Mon 2026-11-23 10:00", "Mon 2026-11-23 10:00"},
		"every":                  {6 * time.Hour, "", nil, "Mon 2026-11-23 10:00", "Mon 2026-11-23 10:05", "Mon 2026-11-23 16:00"},
		"every_missed":           {6 * time.Hour, "", nil, "Mon 2026-11-23 10:00", "Tue 2026-11-24 10:05", "Tue 2026-11-24 10:05"},
		"cron":                   {0, "0 3 * * *", nil, "Mon 2026-11-23 03:00", "Mon 2026-11-23 03:05", "Tue 2026-11-24 03:00"},
		"cron_first":             {0, "0 3 * * *", nil, "", "Mon 2026-11-23 03:05", "Tue 2026-11-24 03:00"},
		"cron_missed":            {0, "0 3 * * *", nil, "Mon 2026-11-23 03:00", "Thu 2026-11-26 09:00", "Thu 2026-11-26 09:00"},
		"blackout":               {6 * time.Hour, "", []string{"Mon-Fri 09:00-18:00"}, "", "Mon 2026-11-23 10:00", "Mon 2026-11-23 18:00"},
		"blackout_other_day":     {6 * time.Hour, "", []string{"Mon-Fri 09:00-18:00"}, "", "Sun 2026-11-22 10:00", "Sun 2026-11-22 10:00"},
		"blackout_over_midnight": {6 * time.Hour, "", []string{"22:00-06:00"}, "", "Mon 2026-11-23 23:30", "Tue 2026-11-24 06:00"},
		"blackout_after_it":      {6 * time.Hour, "", []string{"Sun 22:00-06:00"}, "", "Mon 2026-11-23 05:59", "Mon 2026-11-23 06:00"},
		"blackouts_that_meet":    {6 * time.Hour, "", []string{"09:00-12:00", "12:00-18:00"}, "", "Mon 2026-11-23 10:00", "Mon 2026-11-23 18:00"},
		"days_over_sunday":       {6 * time.Hour, "", []string{"Sat-Mon 00:00-24:00"}, "", "Sat 2026-11-21 10:00", "Tue 2026-11-24 00:00"},
		"list_of_days":           {6 * time.Hour, "", []string{"Mon,Wed 00:00-24:00"}, "", "Mon 2026-11-23 10:00", "Tue 2026-11-24 00:00"},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := NewSchedule(c.every, c.cron, "Asia/Tokyo", c.blackout)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := s.Next(at(t, c.last), at(t, c.now).UTC()), at(t, c.want); !got.Equal(want) {
				t.Errorf("Next = %s, want %s", got.In(want.Location()), want)
			}
		})
	}
}

func TestCloses(t *testing.T) {
	s, err := NewSchedule(time.Hour, "", "Asia/Tokyo", []string{"Wed 09:00-18:00", "22:00-06:00"})
	if err != nil {
		t.Fatal(err)
	}
	for now, want := range map[string]string{"Mon 2026-11-23 10:00": "Mon 2026-11-23 22:00", "Wed 2026-11-25 06:00": "Wed 2026-11-25 09:00"} {
		if got := s.Closes(at(t, now).UTC()); !got.Equal(at(t, want)) {
			t.Errorf("Closes(%s) = %s, want %s", now, got, want)
		}
	}
	if s, err = NewSchedule(time.Hour, "", "", nil); err != nil || !s.Closes(time.Now()).IsZero() {
		t.Errorf("without a blackout: %v, %v", s.Closes(time.Now()), err)
	}
}

func TestScheduleMistakes(t *testing.T) {
	for name, c := range map[string]struct {
		every      time.Duration
		cron, zone string
		blackout   string
		want       string
	}{
		"nothing":      {0, "", "", "", "nothing says when to scan"},
		"both":         {time.Hour, "0 3 * * *", "", "", "one of them is enough"},
		"short":        {time.Second, "", "", "", "less than a minute"},
		"negative":     {-time.Hour, "", "", "", "less than a minute"},
		"cron":         {0, "0 25 * * *", "", "", "no cron expression"},
		"zone":         {time.Hour, "", "Tokyo", "", "no time zone"},
		"window":       {time.Hour, "", "", "at night", "no part of the week"},
		"hour":         {time.Hour, "", "", "25:00-06:00", "no time of the day"},
		"day":          {time.Hour, "", "", "Mon-Fry 09:00-18:00", "names no day"},
		"always_black": {time.Hour, "", "", "00:00-24:00", "no time of the week is left"},
	} {
		t.Run(name, func(t *testing.T) {
			var blackout []string
			if c.blackout != "" {
				blackout = []string{c.blackout}
			}
			if _, err := NewSchedule(c.every, c.cron, c.zone, blackout); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
}
