using Yarp.ReverseProxy.Model;

namespace BlazeGateway.Policies.Destinations.Reports;

/// <summary>Asks one destination for its load again and again, one question at a time, and keeps what it says where strategies read it.</summary>
internal sealed class ReportWatch
{
    private readonly DestinationState _destination;
    private readonly TimeProvider _time;
    private readonly ReportPorts _ports;
    private readonly ReportPace _pace = new();
    private TaskCompletionSource _kick = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private DestinationQuestion _question;
    private DestinationQuestion? _last;
    private ReportedFacts _facts = ReportedFacts.Nothing;
    private ReportOutcome? _outcome;

    /// <param name="destination">Whom to ask.</param>
    /// <param name="question">What to ask.</param>
    /// <param name="time">Clock.</param>
    /// <param name="ports">Whom to tell.</param>
    public ReportWatch(DestinationState destination, DestinationQuestion question, TimeProvider time, ReportPorts ports)
    {
        (_destination, _question, _time, _ports) = (destination, question, time, ports);
    }

    /// <summary>Whom it asks.</summary>
    public DestinationState Destination => _destination;

    /// <summary>What it asks.</summary>
    public DestinationQuestion Question => Volatile.Read(ref _question);

    /// <summary>Asks <paramref name="question"/> from now on, at once.</summary>
    public void Change(DestinationQuestion question)
    {
        Volatile.Write(ref _question, question);
        Kick();
    }

    /// <summary>Asks at once.</summary>
    public void Kick() => Interlocked.Exchange(ref _kick, new(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();

    /// <summary>Asks until <paramref name="stop"/>.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        try
        {
            while (!stop.IsCancellationRequested)
            {
                var kicked = Volatile.Read(ref _kick).Task;
                var interval = await TryAskAsync(stop);
                using var waiting = CancellationTokenSource.CreateLinkedTokenSource(stop);
                await Task.WhenAny(Task.Delay(_ports.Jitter(interval), _time, waiting.Token), kicked);
                await waiting.CancelAsync();

                // However often it is told to ask at once.
                if (kicked.IsCompleted)
                {
                    await Task.Delay(ReportPace.Shortest, _time, stop);
                }
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Asked to stop.
        }
    }

    private async Task<TimeSpan> TryAskAsync(CancellationToken stop)
    {
        try
        {
            return await AskAsync(stop);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            _ports.Failed(this, exception);
            return ReportPace.Longest;
        }
    }

    private async Task<TimeSpan> AskAsync(CancellationToken stop)
    {
        var question = Question;
        if (!ReferenceEquals(question, _last))
        {
            (_last, _facts, _outcome) = (question, ReportedFacts.Nothing, null);
            _pace.Forget();
        }

        if (_ports.Availability.LoadOf(_destination) is not { } load)
        {
            return ReportPace.Idle;
        }

        var (sent, inFlight) = (_time.GetTimestamp(), load.InFlight);
        var reply = await ReportReply.AskAsync(question, _time, stop);
        var took = _time.GetElapsedTime(sent);
        if (!ReferenceEquals(question, Question))
        {
            return ReportPace.Shortest;
        }

        _pace.Learn(reply.Outcome, took);
        var isBusy = _ports.Availability.IsAvailable(_destination) && (load.InFlight > 0 || reply.Facts is { } facts && facts.Waiting + facts.Running > 0);
        var interval = _pace.Interval(isBusy, question.Destinations);
        Take(reply, load, new ReportMoment(_time.GetElapsedTime(0, sent), ReportPace.GoodFor(interval + took), inFlight));
        return interval;
    }

    private void Take(in ReportReply reply, DestinationLoad load, ReportMoment moment)
    {
        if (reply.Facts is { } facts)
        {
            var isRestarted = facts.IsRestartAfter(_facts);
            if (facts.GeneratedTokens > _facts.GeneratedTokens || facts.PromptTokens > _facts.PromptTokens)
            {
                load.LastReportedProgress = moment.At;
            }

            _facts = facts;
            load.Reported = new ReportedLoad(facts, moment, moment);
            if (isRestarted)
            {
                _ports.Restarted(this);
            }
        }
        else if (reply.Outcome.IsRefusal())
        {
            load.Reported = null;
        }

        var before = _outcome;
        _outcome = reply.Outcome;
        _ports.Answered(this, before, reply);
    }
}

/// <summary>Whom a watch tells, and what it goes by.</summary>
/// <param name="Availability">Tells what a destination has to do, and whether it is in service.</param>
/// <param name="Jitter">Spreads an interval.</param>
/// <param name="Answered">Called after each question, with how the one before was taken.</param>
/// <param name="Restarted">Called when the destination was started anew.</param>
/// <param name="Failed">Called when asking failed by a fault of the gateway.</param>
internal sealed record ReportPorts(
    IAvailability Availability,
    Func<TimeSpan, TimeSpan> Jitter,
    Action<ReportWatch, ReportOutcome?, ReportReply> Answered,
    Action<ReportWatch> Restarted,
    Action<ReportWatch, Exception> Failed);
