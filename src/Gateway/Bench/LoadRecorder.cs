using System.Globalization;
using HdrHistogram;

namespace BlazeGateway.Bench;

/// <summary>Counts and distributions of one load. Every call takes one short lock; none is made per chunk.</summary>
internal sealed class LoadRecorder
{
    private const int MaxHashes = 1_000;
    private const int MaxFailures = 200;
    private const int MaxSeconds = 7_200;
    private readonly Lock _gate = new();
    private readonly TimeProvider _time;
    private readonly long _targetNs;
    private readonly long[] _outcomes = new long[Enum.GetValues<LoadOutcome>().Length];
    private readonly Dictionary<int, long> _statuses = [];
    private readonly Dictionary<string, long> _hashes = new(StringComparer.Ordinal);
    private readonly List<LoadFailure> _failures = [];
    private readonly List<(long Ok, long Failed, double MaxMs)> _seconds = [];
    private readonly LongHistogram _latency = Histogram();
    private readonly LongHistogram _failed = Histogram();
    private readonly LongHistogram _first = Histogram();
    private readonly LongHistogram _gaps = Histogram();
    private readonly LongHistogram _perToken = Histogram();
    private readonly LongHistogram _lag = Histogram();
    private long _good;
    private long _goodBeforeEnd;
    private long _okBeforeEnd;
    private long _lastEnd;

    public LoadRecorder(TimeProvider time, LoadOptions options, long startedAt)
    {
        _time = time;
        _targetNs = ToNs(options.TtftTarget);
        StartedAt = startedAt;
        _lastEnd = startedAt;
        EndsAt = options.Duration is { } duration ? startedAt + (long)(duration.TotalSeconds * time.TimestampFrequency) : long.MaxValue;
    }

    public long StartedAt { get; }

    /// <summary>No request starts from here on.</summary>
    public long EndsAt { get; }

    public long Attempts { get; private set; }

    public long Connects { get; private set; }

    public long BodyBytes { get; private set; }

    public long ContentEvents { get; private set; }

    public long Tokens { get; private set; }

    public long WaitedForConnection { get; private set; }

    public void Connected()
    {
        lock (_gate)
        {
            Connects++;
        }
    }

    public void Waited()
    {
        lock (_gate)
        {
            WaitedForConnection++;
        }
    }

    /// <summary>An arrival was started this late.</summary>
    public void Lagged(long ticks)
    {
        lock (_gate)
        {
            Record(_lag, ticks);
        }
    }

    /// <summary>An attempt ended; its request may be repeated.</summary>
    public void Attempted(int status, BodyObserver body)
    {
        lock (_gate)
        {
            Attempts++;
            BodyBytes += body.Bytes;
            if (status != 0)
            {
                _statuses[status] = _statuses.GetValueOrDefault(status) + 1;
            }
        }
    }

    /// <summary>A logical request ended; <paramref name="body"/> is what its last attempt received, null when it was never sent.</summary>
    public void Ended(in LoadRequest request, LoadOutcome outcome, int status, long now, BodyObserver? body)
    {
        var hash = body?.TakeHash();
        lock (_gate)
        {
            _outcomes[(int)outcome]++;
            _lastEnd = Math.Max(_lastEnd, now);
            var latency = now - request.ScheduledAt;
            Second(outcome, now, latency);
            if (outcome != LoadOutcome.Ok)
            {
                Record(_failed, latency);
                if (_failures.Count < MaxFailures)
                {
                    _failures.Add(new LoadFailure(ToMs(request.ScheduledAt - StartedAt), ToMs(now - StartedAt), Name(outcome), status));
                }

                return;
            }

            Record(_latency, latency);
            _okBeforeEnd += now <= EndsAt ? 1 : 0;
            var first = body is { IsStream: true, FirstContentAt: > 0 } ? body.FirstContentAt - request.ScheduledAt : latency;
            var isGood = ToNs(_time.GetElapsedTime(0, first)) <= _targetNs;
            _good += isGood ? 1 : 0;
            _goodBeforeEnd += isGood && now <= EndsAt ? 1 : 0;
            if (hash is not null && (_hashes.Count < MaxHashes || _hashes.ContainsKey(hash)))
            {
                _hashes[hash] = _hashes.GetValueOrDefault(hash) + 1;
            }

            if (body is { IsStream: true })
            {
                Stream(body, first);
            }
        }
    }

    public LoadResult Complete(LoadOptions options, double cpuSeconds, int cores, bool isOpenLoop)
    {
        lock (_gate)
        {
            var elapsed = _time.GetElapsedTime(StartedAt, _lastEnd).TotalSeconds;
            var window = Math.Max(1e-9, _time.GetElapsedTime(StartedAt, Math.Min(_lastEnd, EndsAt)).TotalSeconds);
            var total = _outcomes.Sum();
            var loader = new LoaderFacts(
                cpuSeconds, elapsed <= 0 ? 0 : cpuSeconds / elapsed / cores, cores, isOpenLoop ? Distribution(_lag) : null, WaitedForConnection);
            var latency = Distribution(_latency);
            return new LoadResult
            {
                Void = Saturation.Check(loader, TimeSpan.FromSeconds(elapsed), latency.P50),
                Settings = SettingsOf(options),
                ElapsedSeconds = elapsed,
                Requests = total,
                Ok = _outcomes[(int)LoadOutcome.Ok],
                OkPerSecond = _okBeforeEnd / window,
                GoodPerSecond = _goodBeforeEnd / window,
                GoodShare = total == 0 ? 0 : (double)_good / total,
                Outcomes = Enum.GetValues<LoadOutcome>().Where(o => _outcomes[(int)o] > 0)
                    .ToDictionary(Name, o => _outcomes[(int)o], StringComparer.Ordinal),
                Statuses = _statuses.OrderBy(s => s.Key)
                    .ToDictionary(s => s.Key.ToString(CultureInfo.InvariantCulture), s => s.Value, StringComparer.Ordinal),
                Attempts = Attempts,
                Connects = Connects,
                BodyBytes = BodyBytes,
                ContentEvents = ContentEvents,
                Tokens = Tokens,
                Latency = latency,
                TimeToFirstToken = _first.TotalCount > 0 ? Distribution(_first) : null,
                InterTokenLatency = _gaps.TotalCount > 0 ? Distribution(_gaps) : null,
                TimePerOutputToken = _perToken.TotalCount > 0 ? Distribution(_perToken) : null,
                FailureLatency = _failed.TotalCount > 0 ? Distribution(_failed) : null,
                Hashes = options.HashBodies ? new Dictionary<string, long>(_hashes, StringComparer.Ordinal) : null,
                Seconds = [.. _seconds.Select((s, index) => new LoadSecond(index, s.Ok, s.Failed, s.MaxMs))],
                Failures = [.. _failures],
                Loader = loader,
            };
        }
    }

    /// <summary>snake_case name of an outcome, as it stands in results.</summary>
    public static string Name(LoadOutcome outcome) => System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(outcome.ToString());

    /// <summary>What of <paramref name="options"/> stands in results.</summary>
    public static LoadSettings SettingsOf(LoadOptions options) => new()
    {
        Url = options.Request.Url.ToString(),
        Model = options.Request.Model,
        Stream = options.Request.Stream,
        Rate = options.Rate,
        Poisson = options.Rate is null ? null : options.Poisson,
        Concurrency = options.Concurrency,
        DurationSeconds = options.Duration?.TotalSeconds,
        Requests = options.Requests,
        PromptBytes = options.Request.PromptBytes,
        MaxTokens = options.Request.MaxTokens,
        Retries = options.Retries,
        TimeoutSeconds = options.Timeout.TotalSeconds,
        TtftTargetMs = options.TtftTarget.TotalMilliseconds,
        Seed = options.Seed,
    };

    private static LongHistogram Histogram() => new(1, TimeSpan.NanosecondsPerTick * TimeSpan.TicksPerHour * 3, 3);

    private static Percentiles Distribution(LongHistogram histogram)
    {
        if (histogram.TotalCount == 0)
        {
            return new Percentiles();
        }

        double At(double percentile) => histogram.GetValueAtPercentile(percentile) / 1e6;
        return new Percentiles
        {
            Count = histogram.TotalCount,
            Mean = histogram.GetMean() / 1e6,
            Min = At(0),
            P50 = At(50),
            P90 = At(90),
            P95 = At(95),
            P99 = At(99),
            P999 = At(99.9),
            Max = histogram.GetMaxValue() / 1e6,
        };
    }

    private static long ToNs(TimeSpan time) => time.Ticks * TimeSpan.NanosecondsPerTick;

    private double ToMs(long ticks) => ticks * 1e3 / _time.TimestampFrequency;

    private void Stream(BodyObserver body, long first)
    {
        Record(_first, first);
        ContentEvents += body.ContentEvents;
        Tokens += body.Tokens;
        foreach (var gap in body.Gaps)
        {
            Record(_gaps, gap);
        }

        var tokens = Math.Max(body.Tokens, body.ContentEvents);
        if (tokens > 1)
        {
            Record(_perToken, (body.LastContentAt - body.FirstContentAt) / (tokens - 1));
        }
    }

    private void Second(LoadOutcome outcome, long now, long latency)
    {
        var index = (int)Math.Clamp((now - StartedAt) / _time.TimestampFrequency, 0, MaxSeconds - 1);
        while (_seconds.Count <= index)
        {
            _seconds.Add(default);
        }

        var (ok, failed, max) = _seconds[index];
        _seconds[index] = outcome == LoadOutcome.Ok
            ? (ok + 1, failed, Math.Max(max, ToMs(latency)))
            : (ok, failed + 1, Math.Max(max, ToMs(latency)));
    }

    private void Record(LongHistogram histogram, long ticks)
    {
        var ns = (long)(ticks * (1e9 / _time.TimestampFrequency));
        histogram.RecordValue(Math.Clamp(ns, 1, histogram.HighestTrackableValue));
    }
}
