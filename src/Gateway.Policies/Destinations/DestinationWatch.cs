using Yarp.ReverseProxy.Model;

namespace BlazeGateway.Policies.Destinations;

/// <summary>
/// Asks one destination again and again: whether it is alive, and which models it serves. One question at a time, so a destination never has
/// more than one of the gateway's own in flight.
/// </summary>
internal sealed class DestinationWatch
{
    private readonly DestinationState _destination;
    private readonly ModelCatalogOptions _options;
    private readonly TimeProvider _time;
    private readonly WatchPorts _ports;
    private readonly TaskCompletionSource _asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ProbePace _pace = new();
    private TaskCompletionSource _kick = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private DestinationQuestion _question;
    private DestinationStatus _status;
    private DestinationQuestion? _last;
    private ulong _listHash;
    private int _doubts;
    private bool _wasAvailable = true;
    private long _probedAt;
    private long _probeDue;
    private long _listDue;

    /// <param name="destination">Whom to ask.</param>
    /// <param name="question">What to ask.</param>
    /// <param name="options">Intervals and limits.</param>
    /// <param name="time">Clock.</param>
    /// <param name="ports">Whom to tell.</param>
    public DestinationWatch(DestinationState destination, DestinationQuestion question, ModelCatalogOptions options, TimeProvider time, WatchPorts ports)
    {
        _destination = destination;
        _question = question;
        _options = options;
        _time = time;
        _ports = ports;
        _status = DestinationStatus.Unasked with { Models = question.Configured, Since = time.GetUtcNow() };
    }

    /// <summary>What to ask.</summary>
    public DestinationQuestion Question => Volatile.Read(ref _question);

    /// <summary>What is known now.</summary>
    public DestinationStatus Status => Volatile.Read(ref _status);

    /// <summary>Ends when the destination was asked once.</summary>
    public Task Asked => _asked.Task;

    /// <summary>When it is probed next; null when it is not probed.</summary>
    public DateTimeOffset? NextProbe =>
        Question.IsProbed && Volatile.Read(ref _probeDue) is > 0 and var due ? _time.GetUtcNow() + Until(due) : null;

    /// <summary>How long the next probe waits for an answer.</summary>
    public TimeSpan Patience => _pace.Patience;

    /// <summary>Asks <paramref name="question"/> from now on, at once.</summary>
    public void Change(DestinationQuestion question)
    {
        Volatile.Write(ref _question, question);
        Kick();
    }

    /// <summary>Probes at once.</summary>
    public void Kick() => Interlocked.Exchange(ref _kick, new(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();

    /// <summary>Asks until <paramref name="stop"/>.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        try
        {
            while (!stop.IsCancellationRequested)
            {
                var kicked = Volatile.Read(ref _kick).Task;
                var question = Question;
                if (!ReferenceEquals(_last, question))
                {
                    (_listHash, _doubts, _listDue) = (0, 0, 0);
                    Volatile.Write(ref _probeDue, 0);
                }

                if (await TryAskAsync(question, kicked, stop))
                {
                    _last = question;
                    Schedule(question);
                    _asked.TrySetResult();
                    await WaitAsync(question, kicked, stop);
                }
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Asked to stop.
        }
        finally
        {
            _asked.TrySetResult();
        }
    }

    /// <summary>Like <see cref="AskAsync"/>; whatever goes wrong in asking, the destination is asked again after the usual time.</summary>
    private async Task<bool> TryAskAsync(DestinationQuestion question, Task kicked, CancellationToken stop)
    {
        try
        {
            return await AskAsync(question, kicked, stop);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            _listDue = After(_options.RetryInterval);
            _ports.Failed(this, exception);
            return true;
        }
    }

    /// <summary>Asks what is due; false when there is something else to ask meanwhile.</summary>
    private async Task<bool> AskAsync(DestinationQuestion question, Task kicked, CancellationToken stop)
    {
        var isSilent = false;
        if (question.IsProbed && IsDue(_probeDue))
        {
            _probedAt = _time.GetTimestamp();
            var finding = await DestinationProbe.AskAsync(question, _pace.Patience, _time, stop);
            if (!ReferenceEquals(question, Question))
            {
                return false;
            }

            isSilent = finding.Kind == ProbeFindingKind.Silent;
            Take(finding with { Took = _time.GetElapsedTime(_probedAt) });
        }

        // A server that was away may serve other models now.
        var isAvailable = !question.IsProbed || _ports.Availability.IsAvailable(_destination);
        if (isAvailable != _wasAvailable)
        {
            _listDue = isAvailable ? 0 : _listDue;
            _wasAvailable = isAvailable;
            _ports.Republish();
        }

        // Who did not answer a probe would not answer this either, and the next probe would wait for it.
        if (question.AsksModels && isAvailable && !isSilent && IsDue(_listDue))
        {
            var asked = await AskModelsAsync(question, kicked, stop);
            if (!ReferenceEquals(question, Question))
            {
                return false;
            }

            if (asked is not { } reply)
            {
                _listDue = After(_options.RetryInterval);
                return true;
            }

            Take(reply, question, isFirst: !ReferenceEquals(_last, question));
            _listDue = After(_options.ListInterval(question.Server.Kind, isFine: _doubts == 0 && IsFine(_status.Answer)));
            if (!question.IsProbed)
            {
                _ports.Availability.Probed(_destination, reply.Finding);
            }
        }

        return true;
    }

    /// <summary>The models it tells; null when it is to be probed at once instead, though never the first time.</summary>
    private async Task<DestinationReply?> AskModelsAsync(DestinationQuestion question, Task kicked, CancellationToken stop)
    {
        using var given = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var asking = DestinationReply.AskAsync(question, _options, _listHash, _time, given.Token);
        if (!question.IsProbed || !ReferenceEquals(_last, question) || await Task.WhenAny(asking, kicked) == asking)
        {
            return await asking;
        }

        await given.CancelAsync();
        try
        {
            return await asking;
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return null;
        }
    }

    private void Take(in ProbeFinding finding)
    {
        var isAwaited = _ports.Availability.LoadOf(_destination) is { InFlight: > 0 };
        var counts = _ports.Availability.Probed(_destination, finding);
        switch (finding.Kind)
        {
            case ProbeFindingKind.Alive:
                _pace.Learn(finding.Took);
                break;
            case ProbeFindingKind.Silent:
                _pace.LearnSilence(finding.Took, isAwaited, counts);
                break;
            default:
                break;
        }
    }

    private void Schedule(DestinationQuestion question)
    {
        if (question.IsProbed)
        {
            Volatile.Write(ref _probeDue, After(ProbePace.Interval(_ports.Availability.IsCalm(_destination), question.Destinations)));
        }
    }

    private async Task WaitAsync(DestinationQuestion question, Task kicked, CancellationToken stop)
    {
        var next = question.IsProbed ? Until(_probeDue) : question.AsksModels ? Until(_listDue) : Timeout.InfiniteTimeSpan;
        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(stop);
        if (await Task.WhenAny(Task.Delay(next, _time, waiting.Token), kicked) == kicked && question.IsProbed)
        {
            var gap = Until(_probedAt + Ticks(ProbePace.Gap));
            await Task.Delay(gap, _time, stop);
            Volatile.Write(ref _probeDue, 0);
        }

        await waiting.CancelAsync();
    }

    private static bool IsFine(DestinationAnswer answer) => answer is DestinationAnswer.Answering or DestinationAnswer.Unauthorized;

    private bool IsDue(long at) => _time.GetTimestamp() >= at;

    private long After(TimeSpan interval) => _time.GetTimestamp() + Ticks(_ports.Jitter(interval));

    private long Ticks(TimeSpan span) => (long)(span.TotalSeconds * _time.TimestampFrequency);

    private TimeSpan Until(long at)
    {
        // Rounded up: a wait that ends early finds nothing due and asks nothing.
        var left = Math.Ceiling((at - _time.GetTimestamp()) * 1000.0 / _time.TimestampFrequency);
        return TimeSpan.FromMilliseconds(Math.Max(0, left));
    }

    private void Take(DestinationReply reply, DestinationQuestion question, bool isFirst)
    {
        var before = _status;
        if (reply.Failure == ProbeFindingKind.NotAsked && !isFirst)
        {
            return;
        }

        if (!reply.IsConclusive && before.Answer == DestinationAnswer.Answering && !isFirst && ++_doubts < 2)
        {
            return;
        }

        _doubts = 0;
        _listHash = reply.Hash != 0 ? reply.Hash : _listHash;
        var isNew = reply.Answer != before.Answer || reply.StatusCode != before.StatusCode && reply.Answer != DestinationAnswer.Answering;
        var after = new DestinationStatus
        {
            Answer = reply.Answer,
            StatusCode = reply.StatusCode,
            Models = question.Configured ?? ModelsAfter(reply, before, isFirst),
            Since = isNew ? _time.GetUtcNow() : before.Since,
            Reason = reply.Reason,
            Ignored = reply.Models is null ? before.Ignored : reply.Ignored,
        };
        if (after != before)
        {
            Volatile.Write(ref _status, after);
            _ports.Changed(this, before);
        }
    }

    private static ModelSet? ModelsAfter(DestinationReply reply, DestinationStatus before, bool isFirst)
    {
        if (reply.Models is { } told)
        {
            return before.Models is { } known && known.SameAs(told) ? known : told;
        }

        // A list once told stays until the destination tells another, or another question is asked of it.
        return isFirst && reply.Answer == DestinationAnswer.Answering ? null : before.Models;
    }
}

/// <summary>Whom a watch tells, and what it goes by.</summary>
/// <param name="Availability">Takes what probes find.</param>
/// <param name="Jitter">Spreads an interval.</param>
/// <param name="Changed">Called with the status before, after each change of what is known of the models.</param>
/// <param name="Republish">Called after a probe made the destination available or unavailable.</param>
/// <param name="Failed">Called when asking failed by a fault of the gateway.</param>
internal sealed record WatchPorts(
    IAvailability Availability,
    Func<TimeSpan, TimeSpan> Jitter,
    Action<DestinationWatch, DestinationStatus> Changed,
    Action Republish,
    Action<DestinationWatch, Exception> Failed);
