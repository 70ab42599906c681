// Package scanner is the contract between the parts of sotomi; it holds no engine and sends nothing.
//
// A signature (YAML, package signature) is a configured Check (Go, one package each under checks). The engine (package
// engine) makes a check of each signature by its Factory and runs it with a Probe on every Target. The Probe is the check's
// only way to the network: its Site sends requests, and the engine shares the answers between all signatures. The check
// returns Hits. Of each Hit the engine makes a Finding, of each pair of signature and target exactly one Outcome, and hands
// both to Sinks, such as the reports (package report). ExitStatus tells scripts how the scan ended.
//
//	Signature + Factory ─► Check.Run(Probe) ─► Hits ─► Findings ─┐
//	                          │                                  ├─► Sinks
//	                          └── error or none ─► Outcome ──────┘
package scanner
