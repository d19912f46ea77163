using Microsoft.Extensions.Logging;

namespace BlazeGateway.Policies.LoadBalancing.Adaptive;

/// <summary>Logs when the cost model of a cluster is left out, and when it is followed again: once for each change that lasts, see <see cref="ModelStanding.Least"/>.</summary>
internal sealed partial class TrustLog(ILogger<TrustLog> logger)
{
    /// <summary>Looks whether <paramref name="memory"/> changed its mind; called as requests end. Nothing is said while it is cold, nor when it is followed for the first time.</summary>
    public void Look(AdaptiveMemory? memory, string cluster, TimeSpan now)
    {
        if (memory is null || memory.Trial.IsCold)
        {
            return;
        }

        var trial = memory.Trial;
        var isTrusted = trial.IsTrusted(now);
        if (!memory.Standing.Changes(isTrusted, now))
        {
            return;
        }

        var (model, heldOut) = (trial.OfModel.Value, trial.OfHoldout.Value);
        if (isTrusted)
        {
            Log.Trusted(logger, cluster, trial.Error, trial.UsualError, model, heldOut);
        }
        else
        {
            Log.Benched(logger, cluster, trial.PredictsWorse ? "predicts_worse" : "lost_to_holdout", trial.Error, trial.UsualError, trial.Losses);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(
            Level = LogLevel.Warning,
            Message = "Cluster '{Cluster}': Adaptive leaves its model out ({Reason}); mean error {Error:0.000}, that of usual times {UsualError:0.000}, times left out for losing {Losses}.")]
        public static partial void Benched(ILogger logger, string cluster, string reason, double error, double usualError, int losses);

        [LoggerMessage(
            Level = LogLevel.Information,
            Message = "Cluster '{Cluster}': Adaptive follows its model again; mean error {Error:0.000}, that of usual times {UsualError:0.000}, reward {Model:0.000}, of requests held out {HeldOut:0.000}.")]
        public static partial void Trusted(ILogger logger, string cluster, double error, double usualError, double model, double heldOut);
    }
}

/// <summary>Whether a model was followed when that was told last.</summary>
internal sealed class ModelStanding
{
    /// <summary>
    /// Least time between two changes told. Near the point where a model is left out noise decides, and it may be followed again with the next answer: what
    /// changes back within this time is told by nobody, and what lasts longer is told when it is over.
    /// </summary>
    public static readonly TimeSpan Least = TimeSpan.FromSeconds(60);

    private const int StateBits = 2;
    private const long State = (1 << StateBits) - 1;

    private const int Unknown = 0;
    private const int Followed = 1;
    private const int LeftOut = 2;

    // Followed, which nobody was told.
    private const int Expected = 3;

    // The state told last, and above it the ticks of when.
    private long _told = Unknown;

    /// <summary>Whether it is different from what was told last, told to one of all that ask. A model never looked at is expected to be followed.</summary>
    /// <param name="isFollowed">Whether it is followed now.</param>
    /// <param name="now">Now, by the clock of all that ask.</param>
    public bool Changes(bool isFollowed, TimeSpan now)
    {
        var told = Volatile.Read(ref _told);
        var last = (int)(told & State);
        if (isFollowed)
        {
            if (last == Unknown)
            {
                Interlocked.CompareExchange(ref _told, Expected, told);
                return false;
            }

            if (last is Followed or Expected)
            {
                return false;
            }
        }
        else if (last == LeftOut)
        {
            return false;
        }

        return (last is Unknown or Expected || now.Ticks - (told >> StateBits) >= Least.Ticks)
            && Interlocked.CompareExchange(ref _told, (now.Ticks << StateBits) | (long)(isFollowed ? Followed : LeftOut), told) == told;
    }
}
