namespace BlazeGateway.Policies.Destinations;

/// <summary>Asks one destination again and again, and keeps what is known of it.</summary>
internal sealed class DestinationWatch
{
    private readonly ModelCatalogOptions _options;
    private readonly TimeProvider _time;
    private readonly Func<TimeSpan, TimeSpan> _jitter;
    private readonly Action<DestinationWatch, DestinationStatus> _changed;
    private readonly TaskCompletionSource _asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource _kick = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private DestinationQuestion _question;
    private DestinationStatus _status;
    private ulong _listHash;
    private int _doubts;

    /// <param name="question">What to ask.</param>
    /// <param name="options">Intervals and limits.</param>
    /// <param name="time">Clock.</param>
    /// <param name="jitter">Spreads an interval.</param>
    /// <param name="changed">Called with the status before, after each change.</param>
    public DestinationWatch(
        DestinationQuestion question,
        ModelCatalogOptions options,
        TimeProvider time,
        Func<TimeSpan, TimeSpan> jitter,
        Action<DestinationWatch, DestinationStatus> changed)
    {
        _question = question;
        _options = options;
        _time = time;
        _jitter = jitter;
        _changed = changed;
        _status = DestinationStatus.Unasked with { Models = question.Configured, Since = time.GetUtcNow() };
    }

    /// <summary>What to ask.</summary>
    public DestinationQuestion Question => Volatile.Read(ref _question);

    /// <summary>What is known now.</summary>
    public DestinationStatus Status => Volatile.Read(ref _status);

    /// <summary>Ends when the destination was asked once.</summary>
    public Task Asked => _asked.Task;

    /// <summary>Asks <paramref name="question"/> from now on, at once.</summary>
    public void Change(DestinationQuestion question)
    {
        Volatile.Write(ref _question, question);
        Interlocked.Exchange(ref _kick, new(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
    }

    /// <summary>Asks until <paramref name="stop"/>.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        DestinationQuestion? last = null;
        try
        {
            while (!stop.IsCancellationRequested)
            {
                var kicked = Volatile.Read(ref _kick).Task;
                var question = Question;
                if (!ReferenceEquals(last, question))
                {
                    _listHash = 0;
                    _doubts = 0;
                }

                var reply = await DestinationReply.AskAsync(question, _options, _listHash, _time, stop);
                if (ReferenceEquals(question, Question))
                {
                    Take(reply, question, isFirst: !ReferenceEquals(last, question));
                    last = question;
                    _asked.TrySetResult();
                    await WaitAsync(kicked, stop);
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

    private async Task WaitAsync(Task kicked, CancellationToken stop)
    {
        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var isFine = _doubts == 0 && _status.Answer is DestinationAnswer.Answering or DestinationAnswer.Unauthorized;
        var interval = !isFine ? _options.RetryInterval
            : ModelServerPaths.IsHosted(Question.Server.Kind) ? _options.HostedInterval
            : _options.Interval;
        await Task.WhenAny(Task.Delay(_jitter(interval), _time, waiting.Token), kicked);
        await waiting.CancelAsync();
    }

    private void Take(DestinationReply reply, DestinationQuestion question, bool isFirst)
    {
        var before = _status;
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
            _changed(this, before);
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
