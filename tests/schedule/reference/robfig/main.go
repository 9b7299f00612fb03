// Answers what robfig/cron v3 answers, which is what the CronJob controller uses.
//
// It reads a JSON object a line and writes one a line, in order:
//
//	{"expr", "zone", "start", "n", "parser"}  ->  {"next": [...]} or {"error": "..."}
//	{"zone", "from", "until"}                 ->  {"changes": [[instant, offset], ...]}
//
// Instants are RFC 3339 in the first form and epoch seconds in the second, whose answer begins
// with the offset at "from". The zones come from the directory that ZONEINFO names.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/robfig/cron/v3"
)

// A search that takes longer than this is taken for one without an end.
const patience = 2 * time.Second

// No two changes of clock are closer, so a look at both ends of it sees each.
const probe = 5 * 86_400

type question struct {
	Expr   string
	Zone   string
	Start  string
	N      int
	Parser string
	From   *int64
	Until  int64
}

type answer struct {
	Next    *[]string   `json:"next,omitempty"`
	Changes *[][2]int64 `json:"changes,omitempty"`
	Error   string      `json:"error,omitempty"`
}

var seconds = cron.NewParser(
	cron.Second | cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.Descriptor,
)

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	encoder := json.NewEncoder(out)
	for lines.Scan() {
		if err := encoder.Encode(patiently(lines.Bytes())); err != nil {
			panic(err)
		}
	}
	if err := lines.Err(); err != nil {
		panic(err)
	}
}

func patiently(line []byte) answer {
	var asked question
	if err := json.Unmarshal(line, &asked); err != nil {
		return refusal(err)
	}
	done := make(chan answer, 1)
	go func() {
		defer func() {
			if fault := recover(); fault != nil {
				done <- answer{Error: fmt.Sprint("panic: ", fault)}
			}
		}()
		done <- reply(asked)
	}()
	select {
	case found := <-done:
		return found
	case <-time.After(patience):
		return answer{Error: "hangs"}
	}
}

func reply(asked question) answer {
	zone, err := time.LoadLocation(asked.Zone)
	if err != nil {
		return refusal(err)
	}
	if asked.From != nil {
		return changes(zone, *asked.From, asked.Until)
	}
	start, err := time.Parse(time.RFC3339, asked.Start)
	if err != nil {
		return refusal(err)
	}
	read := cron.ParseStandard
	if asked.Parser == "seconds" {
		read = seconds.Parse
	}
	schedule, err := read(asked.Expr)
	if err != nil {
		return refusal(err)
	}
	next, instant := []string{}, start.In(zone)
	for len(next) < asked.N {
		instant = schedule.Next(instant)
		if instant.IsZero() {
			break
		}
		next = append(next, instant.UTC().Format("2006-01-02T15:04:05Z"))
	}
	return answer{Next: &next}
}

// Not by ZoneBounds: on the last day of a leap year it gives the very instant as the end (Go 1.26).
func changes(zone *time.Location, from, until int64) answer {
	offset := offsetAt(zone, from)
	found := [][2]int64{{from, offset}}
	for low := from; low < until-1; low += probe {
		high := min(low+probe, until-1)
		if after := offsetAt(zone, high); after != offset {
			for before := low; high-before > 1; {
				if middle := (before + high) / 2; offsetAt(zone, middle) == offset {
					before = middle
				} else {
					high = middle
				}
			}
			found, offset = append(found, [2]int64{high, after}), after
		}
	}
	return answer{Changes: &found}
}

func offsetAt(zone *time.Location, instant int64) int64 {
	_, offset := time.Unix(instant, 0).In(zone).Zone()
	return int64(offset)
}

func refusal(err error) answer {
	return answer{Error: err.Error()}
}
