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
	for range make([]struct{}, asked.N) {
		instant = schedule.Next(instant)
		if instant.IsZero() {
			break
		}
		next = append(next, instant.UTC().Format("2006-01-02T15:04:05Z"))
	}
	return answer{Next: &next}
}

func changes(zone *time.Location, from, until int64) answer {
	instant := time.Unix(from, 0).In(zone)
	_, offset := instant.Zone()
	found := [][2]int64{{from, int64(offset)}}
	for {
		_, end := instant.ZoneBounds()
		if end.IsZero() || end.Unix() >= until {
			return answer{Changes: &found}
		}
		if _, next := end.Zone(); next != offset {
			offset = next
			found = append(found, [2]int64{end.Unix(), int64(offset)})
		}
		instant = end
	}
}

func refusal(err error) answer {
	return answer{Error: err.Error()}
}
