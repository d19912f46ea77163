namespace BlazeGateway.CommandLine.Doctor;

/// <summary>How bad a finding is.</summary>
internal enum Verdict
{
    /// <summary>As it should be.</summary>
    Ok,

    /// <summary>Works, but will hurt.</summary>
    Warn,

    /// <summary>Does not work.</summary>
    Fail,
}

/// <summary>One line of <c>blaze doctor</c>.</summary>
/// <param name="Verdict">How bad it is.</param>
/// <param name="Check">What was looked at.</param>
/// <param name="Message">What was seen.</param>
/// <param name="Fix">What to do; null when there is nothing to do.</param>
internal sealed record Finding(Verdict Verdict, string Check, string Message, string? Fix = null)
{
    public override string ToString() => $"{Verdict.ToString().ToLowerInvariant(),-5} {Check,-14} {Message}" + (Fix is null ? "" : "; " + Fix);
}
