package dev.cronwright.reference;

import com.google.gson.Gson;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.zone.ZoneRules;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.TimeZone;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.quartz.CronExpression;

/**
 * Answers what Spring's and Quartz's cron expressions answer.
 *
 * <p>It reads a JSON object a line and writes one a line, in order:
 *
 * <pre>
 * {"expr", "zone", "start", "n", "parser"}  ->  {"next": [...]} or {"error": "..."}
 * {"zone", "from", "until", "parser"}       ->  {"changes": [[instant, offset], ...]}
 * </pre>
 *
 * Instants are RFC 3339 in the first form and epoch seconds in the second, whose answer begins with
 * the offset at "from". The parser is "spring" or "quartz"; each has the zones of its own classes.
 */
public final class Answers {

  /** A search that takes longer than these seconds is taken for one without an end. */
  private static final int PATIENCE = 2;

  /** No two changes of clock are closer, so a look at both ends of it sees each. */
  private static final long PROBE = 5 * 86_400;

  private static final Gson GSON = new Gson();

  private static final class Question {
    String expr;
    String zone;
    String start;
    int n;
    String parser;
    Long from;
    long until;
  }

  private interface Search {
    Instant after(Instant instant);
  }

  public static void main(String[] arguments) throws IOException, InterruptedException {
    var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    var out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
    var worker = worker();
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      Question asked = GSON.fromJson(line, Question.class);
      var answer = worker.submit(() -> reply(asked));
      try {
        out.println(GSON.toJson(answer.get(PATIENCE, TimeUnit.SECONDS)));
      } catch (TimeoutException e) {
        out.println(GSON.toJson(Map.of("error", "hangs")));
        worker = worker();
      } catch (ExecutionException e) {
        out.println(GSON.toJson(Map.of("error", String.valueOf(e.getCause()))));
      }
    }
    out.flush();
    System.exit(0);
  }

  private static ExecutorService worker() {
    return Executors.newSingleThreadExecutor(
        task -> {
          var thread = new Thread(task);
          thread.setDaemon(true);
          return thread;
        });
  }

  private static Map<String, ?> reply(Question asked) throws Exception {
    var zone = ZoneId.of(asked.zone);
    boolean quartz = asked.parser.equals("quartz");
    if (asked.from != null) {
      var changes = quartz ? probed(TimeZone.getTimeZone(zone), asked) : ruled(zone.getRules(), asked);
      return Map.of("changes", changes);
    }
    Search search = quartz ? quartz(asked.expr, zone) : spring(asked.expr, zone);
    List<String> next = new ArrayList<>();
    var instant = Instant.parse(asked.start);
    while (next.size() < asked.n) {
      instant = search.after(instant);
      if (instant == null) {
        break;
      }
      next.add(instant.toString());
    }
    return Map.of("next", next);
  }

  private static Search spring(String text, ZoneId zone) {
    var expression = org.springframework.scheduling.support.CronExpression.parse(text);
    return instant -> {
      ZonedDateTime found = expression.next(instant.atZone(zone));
      return found == null ? null : found.toInstant();
    };
  }

  private static Search quartz(String text, ZoneId zone) throws Exception {
    var expression = new CronExpression(text);
    expression.setTimeZone(TimeZone.getTimeZone(zone));
    return instant -> {
      Date found = expression.getNextValidTimeAfter(Date.from(instant));
      return found == null ? null : found.toInstant();
    };
  }

  private static List<long[]> ruled(ZoneRules rules, Question asked) {
    List<long[]> changes = new ArrayList<>();
    var instant = Instant.ofEpochSecond(asked.from);
    ZoneOffset offset = rules.getOffset(instant);
    changes.add(new long[] {asked.from, offset.getTotalSeconds()});
    for (var change = rules.nextTransition(instant);
        change != null && change.toEpochSecond() < asked.until;
        change = rules.nextTransition(change.getInstant())) {
      changes.add(new long[] {change.toEpochSecond(), change.getOffsetAfter().getTotalSeconds()});
    }
    return changes;
  }

  private static List<long[]> probed(TimeZone zone, Question asked) {
    List<long[]> changes = new ArrayList<>();
    long offset = offset(zone, asked.from);
    changes.add(new long[] {asked.from, offset});
    for (long probe = asked.from; probe < asked.until - 1; probe += PROBE) {
      long high = Math.min(probe + PROBE, asked.until - 1);
      long after = offset(zone, high);
      if (after != offset) {
        long low = probe;
        while (high - low > 1) {
          long middle = (low + high) / 2;
          if (offset(zone, middle) == offset) {
            low = middle;
          } else {
            high = middle;
          }
        }
        changes.add(new long[] {high, after});
        offset = after;
      }
    }
    return changes;
  }

  private static long offset(TimeZone zone, long instant) {
    return zone.getOffset(instant * 1000) / 1000;
  }

  private Answers() {}
}
