// Package scanner is the engine: it plans which signatures run on which targets, runs them over one polite client, and
// streams findings and outcomes to sinks.
//
//	flags ─► Plan ─────────────► Run ───────────────► Findings + Outcomes ─► Sinks
//	         targets × steps      hosts side by side,   one goroutine feeds     text, JSON lines, the gate,
//	         (--dry-run           one polite web gate   them, as they come      progress
//	          prints it)          under everything
//
// A signature (YAML) is a configured check (Go). Most use the declarative check "http"; what needs state, concurrency or
// a database names another check and configures it.
package scanner
