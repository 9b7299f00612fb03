// robfig/cron itself, for the differential tests: see main.go.
module cronwright.dev/reference

go 1.21

require github.com/robfig/cron/v3 v3.0.1
