using Microsoft.Extensions.Logging;

namespace BlazeGateway.Policies.LoadBalancing.Adaptive;

/// <summary>Logs when the cost model of a cluster is left out, and when it is followed again: once for each change.</summary>
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
        if (!memory.Standing.Changes(isTrusted))
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

/// <summary>Whether a model was followed when somebody looked last.</summary>
internal sealed class ModelStanding
{
    private const int Unknown = 0;
    private const int Followed = 1;
    private const int LeftOut = 2;

    private int _last = Unknown;

    /// <summary>Whether it is different now, told to one of all that ask. A model never looked at is expected to be followed.</summary>
    public bool Changes(bool isFollowed)
    {
        var now = isFollowed ? Followed : LeftOut;
        var last = Volatile.Read(ref _last);
        return last != now && Interlocked.CompareExchange(ref _last, now, last) == last && !(last == Unknown && isFollowed);
    }
}
