namespace BlazeGateway.CommandLine;

/// <summary>What the process returns to the shell.</summary>
internal static class ExitCodes
{
    /// <summary>Done, or stopped on request.</summary>
    public const int Ok = 0;

    /// <summary>The check or command failed.</summary>
    public const int Failed = 1;

    /// <summary>The configuration or the command line is invalid.</summary>
    public const int InvalidConfiguration = 2;

    /// <summary>A listener's port is taken or may not be bound.</summary>
    public const int CannotBind = 3;
}
